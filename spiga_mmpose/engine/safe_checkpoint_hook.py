"""Checkpoints are written whole, and deleted only in their own folder."""
import os.path as osp

from mmengine.dist import master_only
from mmengine.fileio import LocalBackend, get_file_backend
from mmengine.hooks import CheckpointHook
from mmpose.registry import HOOKS


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's ``CheckpointHook``, careful with what it deletes.

    MMEngine deletes the oldest checkpoint before the new one is written, so
    that with ``max_keep_ckpts=1`` a full disk leaves none; and a run resumed
    from another work folder deletes the best checkpoint there. In a local
    folder they are written whole or not at all. Arguments as of
    ``CheckpointHook``.
    """

    def before_train(self, runner) -> None:
        """Choose the file backend; forget another folder's best one."""
        folder = self.out_dir or runner.work_dir
        if self.backend_args is self.file_client_args is None and isinstance(
                get_file_backend(folder), LocalBackend):
            self.backend_args = dict(backend='whole_file')
        super().before_train(runner)
        if not self.save_best:
            return
        here = osp.abspath(self.out_dir)
        info = runner.message_hub.runtime_info
        if len(self.key_indicators) == 1:
            if self.best_ckpt_path and osp.dirname(
                    osp.abspath(self.best_ckpt_path)) != here:
                self.best_ckpt_path = None
                info.pop('best_ckpt', None)
        else:
            for key, path in self.best_ckpt_path_dict.items():
                if path and osp.dirname(osp.abspath(path)) != here:
                    self.best_ckpt_path_dict[key] = None
                    info.pop(f'best_ckpt_{key}', None)

    def _save_checkpoint_with_step(self, runner, step, meta):
        """Save first, then delete the oldest."""
        most, oldest = self.max_keep_ckpts, None
        if most > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == most:
                oldest = self.keep_ckpt_ids.popleft()
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids',
                                           list(self.keep_ckpt_ids))
        self.max_keep_ckpts = -1  # the parent deletes nothing
        super()._save_checkpoint_with_step(runner, step, meta)
        self.max_keep_ckpts = most
        if oldest is not None:
            self._remove(oldest)

    @master_only
    def _remove(self, step: int) -> None:
        path = osp.join(self.out_dir, self.filename_tmpl.format(step))
        if osp.isfile(path):
            self.file_backend.remove(path)
