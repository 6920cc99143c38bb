"""Stages of training: one run, one model, other parts trained in turn."""
from itertools import accumulate
from typing import List

from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmpose.registry import HOOKS
from torch import nn

from spiga_mmpose.models.heads.trained_parts import TrainedParts
from .model_of import model_of
from .stages import Stage, read_stages, stage_at, total_length, trained_until


@HOOKS.register_module()
class StageHook(Hook):
    """Train the stages of the config, see :class:`Stage`.

    Use it with ``StagedTrainLoop``, an optimizer with ``lr=1.``, and without
    ``param_scheduler``.

    At the start of a stage the learning rate is set and the optimizer's state
    is cleared, as if the stage had an optimizer of its own. The stage follows
    from the epoch alone, so a resumed run is in the right one; a checkpoint
    that comes from other stages is refused. A scheduler that had begun resumes
    as the checkpoint has it, one that lies ahead follows the config. Gradients
    are accumulated within an epoch, whose last step takes what is left, so
    that they never move what the next stage freezes.

    Frozen modules get no gradient and run in evaluation mode, so that their
    BatchNorm statistics stay (paper, supplementary 1.2: the backbone is frozen
    to train the cascade).

    The parts that a stage trains are recorded in the head, see
    :class:`TrainedParts`. The stage stands in the log and in TensorBoard
    (``stage_<name>``), in every checkpoint (``meta.stage``; ``meta.stages`` is
    how long each has been trained), and the weights at its end are kept as
    ``<name>.pth`` in the work folder: what the next stage can start from by
    ``load_from``.

    Raises:
        ValueError: In use, if the stages are not valid or do not fit the run,
            a checkpoint to resume is of other stages, or the weights to start
            from lack what no stage trains.
    """
    # Before the schedulers' and the logger's hooks.
    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self.stages: List[Stage] = []
        self._factors = None  # of the parameter groups: their lr_mult
        self._current = None
        self._frozen_modules = []
        self._frozen_parameters = []

    def before_run(self, runner) -> None:
        """Read the stages; in a training, make rates and schedulers, before a
        checkpoint is loaded, so that resuming finds them."""
        self.stages = read_stages(runner.cfg)
        if self._factors is not None or not isinstance(
                runner.optim_wrapper, OptimWrapper):
            return  # a test
        if runner.param_schedulers is not None:
            raise ValueError('param_scheduler: expected none beside StageHook;'
                             ' each stage has schedulers of its own')
        base = runner.optim_wrapper.optimizer.defaults['lr']
        if base != 1:
            raise ValueError(
                f'optim_wrapper.optimizer.lr is {base}: expected 1 beside '
                'StageHook; a stage has its own: stages.0.lr and so on')
        self._factors = [
            group['lr'] for group in runner.optim_wrapper.param_groups
        ]
        schedulers = []
        # The first stage's last: its rate is the one to start with.
        for index in reversed(range(len(self.stages))):
            self._set_rate(runner, self.stages[index])
            schedulers = self._build_schedulers(runner, index) + schedulers
        runner.param_schedulers = schedulers

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Refuse to resume from what no run of these stages has left, and to
        start without the weights of what no stage trains."""
        source = runner._load_from or runner.work_dir
        if not runner._resume:
            self._check_frozen(model_of(runner), checkpoint, source)
            return
        if 'optimizer' not in checkpoint:
            raise ValueError(
                f'{source}: stage weights: they hold no optimizer and no '
                'schedulers to resume; use --stages ... --cfg-options '
                f'load_from={source}')
        meta = checkpoint['meta']
        here = trained_until(self.stages, meta['epoch'])
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
        self._plan_ahead(runner, checkpoint, source)

    def _check_frozen(self, model: nn.Module, checkpoint: dict,
                      source: str) -> None:
        never = self._never_trained()
        weights = checkpoint.get('state_dict', checkpoint)
        missing = [
            name for name in model.state_dict() if name not in weights and any(
                name.startswith(f'{module}.') for module in never)
        ]
        if missing:
            raise ValueError(
                f'{source}: lacks {len(missing)} tensors of what no stage '
                f'trains ({never}), {missing[0]!r} among them; '
                'expected a checkpoint of a model with the same modules')

    def _never_trained(self) -> List[str]:
        """Modules that all stages freeze, and that the cascade builds on.

        Before the cascade is trained, what it alone needs may be random.
        """
        if not any('cascade' in stage.losses for stage in self.stages):
            return []
        return sorted(
            set.intersection(*(set(stage.frozen) for stage in self.stages)))

    def _plan_ahead(self, runner, checkpoint: dict, source: str) -> None:
        """Let the schedulers that have not begun follow the config."""
        states = checkpoint.get('param_schedulers', [])
        if len(states) != len(runner.param_schedulers):
            raise ValueError(
                f'{source}: has {len(states)} schedulers, the stages of the '
                f'config {len(runner.param_schedulers)}; resume with the '
                'config that made it, or give its weights as load_from')
        for scheduler, state in zip(runner.param_schedulers, states):
            if state['last_step'] < 0:
                unit = 'epoch' if scheduler.by_epoch else 'iter'
                state.update(
                    scheduler.state_dict(),
                    _global_step=checkpoint['meta'][unit])

    def before_train(self, runner) -> None:
        """Check that the stages fit the run."""
        total = total_length(self.stages)
        if total != runner.max_epochs:
            raise ValueError(
                f'the stages last {total} epochs, train_cfg '
                f"{runner.max_epochs}: expected train_cfg = dict("
                "type='StagedTrainLoop')")
        modules = dict(model_of(runner).named_modules())
        for stage in self.stages:
            missing = sorted(set(stage.frozen) - set(modules))
            if missing:
                raise ValueError(f'stage {stage.name!r} freezes '
                                 f'{missing}: the model has no such modules')
        random = [name for name in self._never_trained()
                  if not _is_pretrained(modules[name])]
        if random and not runner._load_from and not runner._resume:
            raise ValueError(
                f'no stage trains {random}, which have random weights: give '
                'a checkpoint as load_from')
        self._current = None

    def before_train_epoch(self, runner) -> None:
        """Accumulate no gradients across epochs."""
        # All that it does with a model is to warn of BatchNorm: the Runner
        # has let it do that already.
        runner.optim_wrapper.initialize_count_status(
            nn.Identity(), 0, len(runner.train_dataloader))

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        """Enter a stage; keep what is frozen in evaluation mode."""
        index = stage_at(self.stages, runner.epoch)
        if index != self._current:
            self._enter(runner, index)
        for module in self._frozen_modules:
            module.eval()

    def after_train_iter(self,
                         runner,
                         batch_idx,
                         data_batch=None,
                         outputs=None) -> None:
        """Record what is trained; after a stage's last iteration, make the
        optimizer the next's.

        Before the schedulers step, so that a warm-up of the next stage starts
        from its learning rate, and before the checkpoint, so that a resumed
        run is the same as one that was not interrupted.
        """
        head = getattr(model_of(runner), 'head', None)
        if isinstance(head, TrainedParts):
            head.record_trained(self.stages[self._current].losses)
        if batch_idx + 1 < len(runner.train_dataloader):
            return
        ends = list(accumulate(stage.length for stage in self.stages))
        if runner.epoch + 1 not in ends:
            return
        index = ends.index(runner.epoch + 1) + 1
        runner.save_checkpoint(
            runner.work_dir,
            f'{self.stages[index - 1].name}.pth',
            save_optimizer=False,
            save_param_scheduler=False,
            backend_args=dict(backend='whole_file'),
            meta=dict(epoch=runner.epoch + 1, iter=runner.iter + 1))
        if index == len(self.stages):
            return
        optimizer = runner.optim_wrapper.optimizer
        optimizer.state.clear()
        optimizer.zero_grad()
        self._set_rate(runner, self.stages[index])

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Name the stages in the checkpoint."""
        if self._current is None:
            return
        meta = checkpoint['meta']
        meta['stage'] = self.stages[self._current].name
        meta['stages'] = trained_until(self.stages, meta['epoch'])

    def _set_rate(self, runner, stage: Stage) -> None:
        # The wrapper's groups: they hold the rate that is logged, too. From
        # ``initial_lr`` a scheduler takes its smallest rate.
        for group, factor in zip(runner.optim_wrapper.param_groups,
                                 self._factors):
            group['lr'] = group['initial_lr'] = stage.lr * factor

    def _build_schedulers(self, runner, index: int) -> list:
        """Schedulers of a stage, moved from its own time to the run's."""
        stage = self.stages[index]
        start = total_length(self.stages[:index])
        built = []
        for config in stage.schedulers:
            unit, count = (
                ('epochs', 1) if config.get('by_epoch', True) else
                ('iterations', len(runner.train_dataloader)))
            begin, length = config.get('begin', 0), stage.length * count
            end = config.get('end', length)
            if not 0 <= begin < min(end, length):
                raise ValueError(
                    f'stage {stage.name!r}: {config["type"]} lasts from '
                    f'{begin} to {end} of its {length} {unit}; expected 0 <= '
                    f'begin < end and begin < {length}')
            scheduler, = runner.build_param_scheduler(
                dict(
                    config,
                    begin=start * count + begin,
                    end=start * count + end))
            # Its form is that of its whole length, but its stage ends it.
            scheduler.end = min(
                scheduler.end,
                (start + stage.length) *
                (1 if scheduler.by_epoch else len(runner.train_dataloader)))
            built.append(scheduler)
        return built

    def _enter(self, runner, index: int) -> None:
        stage = self.stages[index]
        model = model_of(runner)
        modules = dict(model.named_modules())
        # Only what this hook froze is unfrozen: a backbone may have frozen
        # layers of its own.
        for parameter in self._frozen_parameters:
            parameter.requires_grad_(True)
        self._frozen_modules = [modules[name] for name in stage.frozen]
        self._frozen_parameters = [
            parameter for module in self._frozen_modules
            for parameter in module.parameters() if parameter.requires_grad
        ]
        for parameter in self._frozen_parameters:
            parameter.requires_grad_(False)
        model.train_cfg = dict(
            model.train_cfg or {}, losses=tuple(stage.losses))
        self._current = index
        runner.message_hub.update_info('stage', stage.name)
        # The log repeats the last value of what no longer is.
        scalars = runner.message_hub.log_scalars
        for key in list(scalars):
            if key.startswith(('train/loss', 'train/nme', 'train/stage')):
                del scalars[key]
        runner.message_hub.update_scalar(f'train/stage_{stage.name}',
                                         index + 1)
        runner.logger.info(
            f'stage {index + 1} of {len(self.stages)}: {stage.name}; '
            f'losses {list(stage.losses)}, frozen {list(stage.frozen)}')


def _is_pretrained(module: nn.Module) -> bool:
    """Return whether the config of a module names pretrained weights."""
    configs = getattr(module, 'init_cfg', None) or []
    if isinstance(configs, dict):
        configs = [configs]
    return any(config.get('type') == 'Pretrained' for config in configs)
