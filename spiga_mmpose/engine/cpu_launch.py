"""Several processes on a machine without a GPU."""
import torch
import torch.distributed as dist


def launch_on_cpu(cfg) -> None:
    """Let ``torchrun`` work where there is no GPU; elsewhere do nothing.

    MMEngine's ``pytorch`` launcher asks for a GPU, but leaves a process group
    alone that is there already. ``model_wrapper_cfg`` of the config is changed
    in place.
    """
    if cfg.launcher != 'pytorch' or torch.cuda.is_available():
        return
    dist.init_process_group('gloo')
    wrapper = dict(cfg.get('model_wrapper_cfg') or {})
    wrapper.setdefault('type', 'MMDistributedDataParallel')
    wrapper.setdefault('find_unused_parameters',
                       cfg.get('find_unused_parameters', False))
    wrapper['device_ids'] = None
    cfg.model_wrapper_cfg = wrapper
