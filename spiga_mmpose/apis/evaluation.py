"""Metrics and predictions of a model on a data set, without a Runner."""
from typing import List, Tuple

from mmengine.evaluator import Evaluator
from tqdm import tqdm


def evaluate_model(model, loader, title: str = '') -> Tuple[dict, List[dict]]:
    """Run a model over a loader of packed samples, with the evaluators of its
    config: metrics by name, and the data samples as dicts, predictions
    included. ``title`` is that of the progress bar."""
    evaluator = Evaluator(model.cfg.test_evaluator)
    evaluator.dataset_meta = model.dataset_meta
    samples = []
    for batch in tqdm(loader, desc=title, unit='batch'):
        outputs = [output.to_dict() for output in model.test_step(batch)]
        evaluator.process(outputs)
        samples += outputs
    return evaluator.evaluate(len(loader.dataset)), samples
