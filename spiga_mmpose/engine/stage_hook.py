"""Stages of training: one run, one model, other parts trained in turn."""
from itertools import accumulate
from typing import List, Sequence

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop
from mmpose.registry import HOOKS
from torch import nn

from spiga_mmpose.models.heads.trained_parts import PARTS, TrainedParts


@HOOKS.register_module()
class StageHook(Hook):
    """Freeze, thaw and choose losses as the training passes its stages.

    At the start of a stage the learning rate is set and the optimiser's state
    is cleared, as if the stage had an optimiser of its own; schedulers with
    ``begin`` and ``end`` go on from there. The stage follows from the epoch
    (or the iteration, under ``IterBasedTrainLoop``) alone, so a resumed run
    is in the right one; a checkpoint that comes from other stages is refused.

    Gradients are accumulated within an epoch (under ``IterBasedTrainLoop``
    within a stage), whose last step takes what is left, as MMEngine's does
    for the whole run. So a stage's gradients never move what the next one
    freezes, and a run resumed after an epoch has lost none.

    Frozen modules get no gradient and run in evaluation mode, so that their
    BatchNorm statistics stay (paper, supplementary 1.2: the backbone is
    frozen to train the cascade).

    The stage stands in the log and in TensorBoard (``stage_<name>``), in
    every checkpoint (``meta.stage``; ``meta.stages`` is how long each has
    been trained), and the weights at its end are kept as ``<name>.pth`` in
    the work folder: what the next stage can start from by ``load_from``.

    Args:
        stages (Sequence[dict]): In order, each with

            - ``name`` (str): for the log;
            - ``length`` (int): epochs, or iterations under
              ``IterBasedTrainLoop``;
            - ``lr`` (float): learning rate at its start (parameter groups
              keep their ratio to the optimiser's base rate); that of the
              first stage must be the optimiser's;
            - ``losses`` (Sequence[str]): what counts, see
              :meth:`GATCascadeHead.loss`;
            - ``frozen`` (Sequence[str]): names of the modules that are not
              trained, e.g. ``['backbone']`` or ``['head.steps']``.

    Raises:
        ValueError: If a stage is not of this form; in use, if the stages do
            not fit the run, a checkpoint to resume is of other stages, or
            the weights to start from lack what no stage trains.
    """
    # Before the schedulers' and the logger's hooks.
    priority = 'VERY_HIGH'

    def __init__(self, stages: Sequence[dict]) -> None:
        if not stages:
            raise ValueError('StageHook needs at least one stage')
        keys = {'name', 'length', 'lr', 'losses', 'frozen'}
        for stage in stages:
            if set(stage) != keys:
                raise ValueError(
                    f'a stage needs the keys {sorted(keys)}, found '
                    f'{sorted(stage)}')
            if not isinstance(stage['length'], int) or stage['length'] < 1:
                raise ValueError(
                    f'the length of stage {stage["name"]!r} must be a whole '
                    f'number above 0, found {stage["length"]!r}')
            unknown = sorted(set(stage['losses']) - set(PARTS))
            if unknown:
                raise ValueError(
                    f'the losses of stage {stage["name"]!r} name {unknown}; '
                    f'known are {list(PARTS)}')
        self.stages: List[dict] = list(stages)
        # Modules that no stage trains. Before the cascade is trained, what it
        # alone needs may be random.
        self._never = sorted(
            set.intersection(*(set(stage['frozen']) for stage in stages))
        ) if any('cascade' in stage['losses'] for stage in stages) else []
        self._current = None
        self._frozen_modules = []
        self._frozen_parameters = []

    def stage_at(self, position: int) -> int:
        """Index of the stage at an epoch (or iteration)."""
        for index, stage in enumerate(self.stages):
            position -= stage['length']
            if position < 0:
                return index
        return len(self.stages) - 1

    def trained_until(self, position: int) -> List[list]:
        """``[name, length]`` of the stages before an epoch (or iteration)."""
        trained = []
        for stage in self.stages:
            if position > 0:
                trained.append([stage['name'], min(position, stage['length'])])
            position -= stage['length']
        return trained

    @staticmethod
    def _model(runner):
        return runner.model.module if is_model_wrapper(
            runner.model) else runner.model

    @staticmethod
    def _by_epoch(runner) -> bool:
        return isinstance(runner.train_loop, EpochBasedTrainLoop)

    def before_run(self, runner) -> None:
        """Keep the ratios of the learning rates, before they change."""
        if not isinstance(runner.optim_wrapper, OptimWrapper):
            return  # a test: the Runner has built no optimiser
        for group in runner.optim_wrapper.param_groups:
            group.setdefault('initial_lr', group['lr'])

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Refuse to resume from what no run of these stages has left, and to
        start without the weights of what no stage trains."""
        source = runner._load_from or runner.work_dir
        if not runner._resume:
            self._check_frozen(self._model(runner), checkpoint, source)
            return
        if 'optimizer' not in checkpoint:
            raise ValueError(
                f'{source}: stage weights: they hold no optimizer and no '
                'schedules to go on with; use --stages ... --cfg-options '
                f'load_from={source}')
        meta = checkpoint['meta']
        here = self.trained_until(
            meta['epoch' if self._by_epoch(runner) else 'iter'])
        # Checkpoints of before ``meta.stages`` name the last alone.
        same = (
            meta['stages'] == here if 'stages' in meta else
            [meta.get('stage')] == [name for name, _ in here[-1:]])
        if not same:
            raise ValueError(
                f'{source}: no checkpoint of this run: it has trained '
                f'{meta.get("stages", meta.get("stage"))}, at its place this '
                f'config has {here}; resume with the config and the --stages '
                'that made it, or give its weights as load_from')

    def _check_frozen(self, model: nn.Module, checkpoint: dict,
                      source: str) -> None:
        weights = checkpoint.get('state_dict', checkpoint)
        missing = [
            name for name in model.state_dict() if name not in weights and any(
                name.startswith(f'{module}.') for module in self._never)
        ]
        if missing:
            raise ValueError(
                f'{source}: lacks {len(missing)} tensors of what no stage '
                f'trains ({self._never}), {missing[0]!r} among them; '
                'expected a checkpoint of a model with the same modules')

    def before_train(self, runner) -> None:
        """Check that the stages fit the run."""
        total = sum(stage['length'] for stage in self.stages)
        by_epoch = self._by_epoch(runner)
        found = runner.max_epochs if by_epoch else runner.max_iters
        if total != found:
            unit = 'epochs' if by_epoch else 'iterations'
            raise ValueError(f'the stages last {total} {unit}, train_cfg '
                             f'{found}; make them equal')
        first, base = self.stages[0], runner.optim_wrapper.optimizer.defaults
        if first['lr'] != base['lr']:
            raise ValueError(
                f'lr of the first stage, {first["name"]!r}, is '
                f'{first["lr"]}, the optimizer\'s {base["lr"]}; make them '
                'equal')
        modules = dict(self._model(runner).named_modules())
        for stage in self.stages:
            missing = sorted(set(stage['frozen']) - set(modules))
            if missing:
                raise ValueError(f'stage {stage["name"]!r} freezes '
                                 f'{missing}: the model has no such modules')
        random = [name for name in self._never
                  if not _is_pretrained(modules[name])]
        if random and not runner._load_from and not runner._resume:
            raise ValueError(
                f'no stage trains {random}, which have random weights: give '
                'a checkpoint as load_from')
        self._current = None

    def before_train_epoch(self, runner) -> None:
        """Accumulate no gradients across epochs."""
        if self._by_epoch(runner):
            self._accumulate(runner, 0, len(runner.train_dataloader))

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        """Enter a stage; keep what is frozen in evaluation mode."""
        by_epoch = self._by_epoch(runner)
        index = self.stage_at(runner.epoch if by_epoch else runner.iter)
        if index != self._current:
            self._enter(runner, index)
            if not by_epoch:
                begin = sum(stage['length'] for stage in self.stages[:index])
                self._accumulate(runner, runner.iter - begin,
                                 self.stages[index]['length'])
        for module in self._frozen_modules:
            module.eval()

    def after_train_iter(self,
                         runner,
                         batch_idx,
                         data_batch=None,
                         outputs=None) -> None:
        """Record what is trained; after a stage's last iteration, make the
        optimiser the next's.

        This comes before the schedulers step, so that a warm-up of the next
        stage starts from its learning rate, and before the checkpoint, so
        that a run resumed here is the same as one that went on.
        """
        head = getattr(self._model(runner), 'head', None)
        if isinstance(head, TrainedParts):
            head.record_trained(self.stages[self._current]['losses'])
        by_epoch = self._by_epoch(runner)
        if by_epoch:
            if batch_idx + 1 < len(runner.train_dataloader):
                return
            position = runner.epoch + 1
        else:
            position = runner.iter + 1
        ends = list(accumulate(stage['length'] for stage in self.stages))
        if position not in ends:
            return
        index = ends.index(position) + 1
        runner.save_checkpoint(
            runner.work_dir,
            f'{self.stages[index - 1]["name"]}.pth',
            save_optimizer=False,
            save_param_scheduler=False,
            meta=dict(epoch=runner.epoch + by_epoch, iter=runner.iter + 1))
        if index == len(self.stages):
            return
        optimizer = runner.optim_wrapper.optimizer
        optimizer.state.clear()
        optimizer.zero_grad()
        base = optimizer.defaults['lr']
        # The wrapper's groups: they hold the rate that is logged, too.
        for group in runner.optim_wrapper.param_groups:
            ratio = group['initial_lr'] / base
            group['lr'] = self.stages[index]['lr'] * ratio

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Name the stages in the checkpoint."""
        if self._current is None:
            return
        meta = checkpoint['meta']
        meta['stage'] = self.stages[self._current]['name']
        meta['stages'] = self.trained_until(
            meta['epoch' if self._by_epoch(runner) else 'iter'])

    @staticmethod
    def _accumulate(runner, done: int, length: int) -> None:
        # All that it does with a model is to warn of BatchNorm: the Runner
        # has let it do that already.
        runner.optim_wrapper.initialize_count_status(nn.Identity(), done,
                                                     length)

    def _enter(self, runner, index: int) -> None:
        stage = self.stages[index]
        model = self._model(runner)
        prefixes = tuple(stage['frozen'])
        modules = dict(model.named_modules())
        # Only what this hook froze is thawed: a backbone may have frozen
        # layers of its own.
        for parameter in self._frozen_parameters:
            parameter.requires_grad_(True)
        self._frozen_modules = [modules[prefix] for prefix in prefixes]
        self._frozen_parameters = [
            parameter for module in self._frozen_modules
            for parameter in module.parameters() if parameter.requires_grad
        ]
        for parameter in self._frozen_parameters:
            parameter.requires_grad_(False)
        model.train_cfg = dict(
            model.train_cfg or {}, losses=tuple(stage['losses']))
        self._current = index
        runner.message_hub.update_info('stage', stage['name'])
        # The log repeats the last value of what no longer is.
        scalars = runner.message_hub.log_scalars
        for key in list(scalars):
            if key.startswith(('train/loss', 'train/nme', 'train/stage')):
                del scalars[key]
        runner.message_hub.update_scalar(f'train/stage_{stage["name"]}',
                                         index + 1)
        runner.logger.info(
            f'stage {index + 1} of {len(self.stages)}: {stage["name"]}; '
            f'losses {list(stage["losses"])}, frozen {list(prefixes)}')


def _is_pretrained(module: nn.Module) -> bool:
    """Whether the config of a module names the weights that it starts from."""
    configs = getattr(module, 'init_cfg', None) or []
    if isinstance(configs, dict):
        configs = [configs]
    return any(config.get('type') == 'Pretrained' for config in configs)
