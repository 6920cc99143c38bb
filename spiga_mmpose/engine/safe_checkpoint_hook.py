"""Checkpoints are written whole, and deleted only in their own folder."""
import os.path as osp

from mmengine.dist import is_main_process, master_only
from mmengine.fileio import LocalBackend, get_file_backend
from mmengine.hooks import CheckpointHook
from mmpose.registry import HOOKS

from spiga_mmpose.io import remove_parts, write_whole
from .latest_checkpoint import LAST, find_latest_checkpoint


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's ``CheckpointHook``, careful with what it deletes.

    MMEngine deletes the oldest checkpoint before the new one is written, so
    that with ``max_keep_ckpts=1`` a full disk leaves none; and a run resumed
    from another work folder deletes the best checkpoint there. In a local
    folder checkpoints and ``last_checkpoint``, whose path begins in the work
    folder, are written whole or not at all. A run that resumes without a path
    takes :func:`find_latest_checkpoint`. What a killed run has left of a file
    is removed. Arguments as of ``CheckpointHook``.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if self.args:  # MMEngine would find out at the first checkpoint
            raise TypeError('SafeCheckpointHook.__init__() got an unexpected '
                            f'keyword argument {min(self.args)!r}')

    def before_run(self, runner) -> None:
        """Find what to resume from; this comes before it is loaded."""
        if runner._resume and runner._load_from is None:
            runner._load_from = find_latest_checkpoint(runner.work_dir)
            runner._resume = runner._load_from is not None

    def before_train(self, runner) -> None:
        """Choose the file backend; look for the best one in this folder."""
        folder = self.out_dir or runner.work_dir
        if self.backend_args is self.file_client_args is None and isinstance(
                get_file_backend(folder), LocalBackend):
            self.backend_args = dict(backend='whole_file')
        super().before_train(runner)
        if is_main_process():
            for folder in {self.out_dir, runner.work_dir}:
                if osp.isdir(folder):
                    remove_parts(folder, rf'.+\.pth|{LAST}')
        if not self.save_best:
            return
        info = runner.message_hub.runtime_info
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = self._here(info, 'best_ckpt')
        else:
            for key in self.best_ckpt_path_dict:
                self.best_ckpt_path_dict[key] = self._here(
                    info, f'best_ckpt_{key}')

    def _here(self, info: dict, key: str):
        """A file of a resumed run, in the folder of this one; else None."""
        path = info.pop(key, None)
        path = path and osp.join(self.out_dir, osp.basename(path))
        if not path or not osp.isfile(path):
            return None
        info[key] = path
        return path

    def _save_checkpoint_with_step(self, runner, step, meta):
        """Save first, then delete the oldest."""
        most, oldest = self.max_keep_ckpts, None
        if most > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == most:
                oldest = self.keep_ckpt_ids.popleft()
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids',
                                           list(self.keep_ckpt_ids))
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args)
        if is_main_process():
            place = self.last_ckpt
            if isinstance(self.file_backend, LocalBackend):
                place = osp.relpath(place, runner.work_dir)
            write_whole(osp.join(runner.work_dir, LAST), place)
        if oldest is not None:
            self._remove(oldest)

    @master_only
    def _remove(self, step: int) -> None:
        path = osp.join(self.out_dir, self.filename_tmpl.format(step))
        if osp.isfile(path):
            self.file_backend.remove(path)
