"""Files of ``configs/experiments`` that compare variants of a config.

All paths are relative to the root of the repository. Such a file has

* ``base``: the config, and ``options``: what all change in it (as
  ``--cfg-options`` do);
* ``variants``: by name, what each changes. Not options but ours are ``base``
  (a config of its own), ``title`` (its name in tables) and ``published``
  (methods of the paper's tables that are the same);
* ``seeds``;
* ``metrics``: columns of the table; the figure shows the first three;

and maybe

* ``reference``: the variant that the others are compared with;
* ``published``: numbers of the paper's tables (:mod:`published`) that those of
  the variants are in; it needs a ``reference``;
* ``backbone``: ``dict(base, stages)``, a training whose backbone all variants
  start from;
* ``costs``: whether the table has parameters, GMACs and milliseconds.
"""
import hashlib
import os.path as osp
from importlib import import_module
from typing import Dict, List, Optional, Sequence, Tuple

import tools_path  # noqa: F401
import training_runs
from cfg_options import merge_options
from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader
from published import TABLES, PaperTable

from spiga_mmpose.engine import select_stages
from spiga_mmpose.io import write_tensors

REPO = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))


def load_experiment(path: str) -> Config:
    experiment = Config.fromfile(path)
    needed = ('base', 'options', 'variants', 'seeds', 'metrics')
    missing = [key for key in needed if key not in experiment]
    if missing:
        raise ValueError(f'{path} is no comparison: it has no {missing}; see '
                         'configs/experiments/recipe_choices.py')
    return experiment


def title(experiment: Config, name: str) -> str:
    return experiment.variants[name].get('title', name)


def make_configs(experiment: Config, names: Sequence[str],
                 options: dict) -> Tuple[Dict[str, Config], Dict[str, str]]:
    unknown = sorted(set(names) - set(experiment.variants))
    if unknown:
        raise ValueError(f'no variants {unknown} in {experiment.filename}; it '
                         f'has {list(experiment.variants)}')
    configs, skipped = {}, {}
    for name, changes in experiment.variants.items():
        if name not in (*names, experiment.get('reference')):
            continue
        changes = changes.to_dict()
        for key in ('title', 'published'):
            changes.pop(key, None)
        base = changes.pop('base', experiment.base)
        config = Config.fromfile(osp.join(REPO, base))
        config.merge_from_dict(experiment.options.to_dict())
        config.merge_from_dict(changes)
        _merge(config, options)
        package = config.model.backbone.type.rpartition('.')[0]
        try:
            if package:
                import_module(package)
            configs[name] = config
        except ImportError as error:
            skipped[name] = f'{error}; see docs/mixing.md'
    return configs, skipped


def _merge(config: Config, options: dict) -> None:
    """Put --cfg-options into a config; one that trains nothing has less that
    they could change."""
    merge_options(config, {
        key: value
        for key, value in options.items()
        if '.' not in key or config.get(key.split('.')[0], '') is not None
    })


def add_backbones(experiment: Config, configs: Dict[str, Config], given: str,
                  out: str, options: dict) -> None:
    """Put the checkpoint that each config starts from into it; a config that
    changes the backbone gets one of its own."""
    whole = Config.fromfile(osp.join(REPO, experiment.backbone.base))
    found = {}
    for name, config in configs.items():
        own = config.model.backbone != whole.model.backbone
        place = osp.join(out, f'backbone_{name}' if own else 'backbone')
        if place not in found:
            if given and not own:
                checkpoint = osp.abspath(given)
            else:
                training = whole.copy()
                training.model.backbone = config.model.backbone
                _merge(training, options)
                select_stages(training, experiment.backbone.stages)
                training_runs.run(
                    training_runs.seeded(training, training_runs.SHARED_SEED),
                    place)
                checkpoint = osp.abspath(
                    osp.join(place, f'{training.stages[-1].name}.pth'))
            found[place] = checkpoint, _backbone_alone(checkpoint, place)
        checkpoint, alone = found[place]
        config.load_from = alone if training_runs.trains(
            config) else checkpoint


def _backbone_alone(checkpoint: str, stem: str) -> str:
    """Write the backbone's weights alone, for the rest would be every seed's
    first weights, or of another shape; returns their path. It tells the
    weights, so that runs of two backbones are never taken for seeds of one."""
    loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    kept = {name: value
            for name, value in loaded.get('state_dict', loaded).items()
            if name.startswith('backbone.') or name == 'head.trained'}
    if not kept:
        raise ValueError(f'{checkpoint}: holds no weights of a backbone '
                         '(backbone.*)')
    trained = kept.get('head.trained')
    if trained is not None and not trained[:2].all():
        raise ValueError(f'{checkpoint}: its backbone is not trained for both '
                         'maps and pose; expected a checkpoint of the '
                         'multi-task stage or a later one')
    digest = hashlib.sha256()
    for name in sorted(kept):
        digest.update(kept[name].numpy().tobytes())
    path = f'{osp.abspath(stem)}_{digest.hexdigest()[:8]}.pth'
    write_tensors(dict(state_dict=kept), path)
    return path


def published_numbers(experiment: Config,
                      name: Optional[str]) -> Dict[str, float]:
    """What the paper prints of a variant, by our metrics' keys."""
    methods = experiment.variants.get(name, {}).get('published', ())
    numbers = {}
    for table in published_tables(experiment):
        for row in table.rows:
            for column, text in zip(table.columns, row.values):
                if row.method in methods and text != '-':
                    part = column.subset
                    if column.step is not None:
                        part = f'step{column.step}'
                        # The last step there is is the result, too.
                        numbers[column.metric] = float(text)
                    key = f'{part}/{column.metric}' if part else column.metric
                    numbers[key] = float(text)
    return numbers


def published_tables(experiment: Config) -> List[PaperTable]:
    return [table for table in TABLES
            if table.number in experiment.get('published', ())]
