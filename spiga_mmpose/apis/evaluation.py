"""Metrics and predictions of a model on a data set, without a Runner."""
from typing import List, Tuple

from mmengine.evaluator import Evaluator
from tqdm import tqdm


def evaluate_model(model, loader, title: str = '') -> Tuple[dict, List[dict]]:
    """Run a model over a loader, with the evaluators of its config.

    Args:
        model (nn.Module): Made by :func:`load_model`.
        loader (DataLoader): Batches of packed samples.
        title (str): For the progress bar.

    Returns:
        tuple: metrics by name, and the data samples as dicts, predictions
        included.
    """
    evaluator = Evaluator(model.cfg.test_evaluator)
    evaluator.dataset_meta = model.dataset_meta
    samples = []
    for batch in tqdm(loader, desc=title, unit='batch'):
        outputs = [output.to_dict() for output in model.test_step(batch)]
        evaluator.process(outputs)
        samples += outputs
    return evaluator.evaluate(len(loader.dataset)), samples
