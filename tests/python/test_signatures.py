"""Every method and argument of torch's and tensorboardX's writers, in their order."""

from __future__ import annotations

import inspect

import pytest
import tensorboardX
from tfevents import SummaryWriter

# torch.utils.tensorboard.SummaryWriter of PyTorch 2.13.
TORCH = {
    "__init__": "log_dir comment purge_step max_queue flush_secs filename_suffix",
    "add_scalar": "tag scalar_value global_step walltime new_style double_precision",
    "add_scalars": "main_tag tag_scalar_dict global_step walltime",
    "add_tensor": "tag tensor global_step walltime",
    "add_histogram": "tag values global_step bins walltime max_bins",
    "add_histogram_raw": "tag min max num sum sum_squares bucket_limits bucket_counts "
    "global_step walltime",
    "add_image": "tag img_tensor global_step walltime dataformats",
    "add_images": "tag img_tensor global_step walltime dataformats",
    "add_image_with_boxes": "tag img_tensor box_tensor global_step walltime rescale dataformats "
    "labels",
    "add_figure": "tag figure global_step close walltime",
    "add_video": "tag vid_tensor global_step fps walltime",
    "add_audio": "tag snd_tensor global_step sample_rate walltime",
    "add_text": "tag text_string global_step walltime",
    "add_graph": "model input_to_model verbose use_strict_trace",
    "add_onnx_graph": "prototxt",
    "add_embedding": "mat metadata label_img global_step tag metadata_header",
    "add_pr_curve": "tag labels predictions global_step num_thresholds weights walltime",
    "add_pr_curve_raw": "tag true_positive_counts false_positive_counts true_negative_counts "
    "false_negative_counts precision recall global_step num_thresholds weights walltime",
    "add_custom_scalars": "layout",
    "add_custom_scalars_multilinechart": "tags category title",
    "add_custom_scalars_marginchart": "tags category title",
    "add_mesh": "tag vertices colors faces config_dict global_step walltime",
    "add_hparams": "hparam_dict metric_dict hparam_domain_discrete run_name global_step",
    "flush": "",
    "close": "",
    "get_logdir": "",
}
ATTRIBUTES = ["log_dir", "file_writer", "all_writers", "default_bins", "purge_step", "logdir"]


def parameters(function: object) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


@pytest.mark.parametrize("name", TORCH)
def test_torch_arguments_stand_first_and_in_order(name: str) -> None:
    wanted = TORCH[name].split()
    assert parameters(getattr(SummaryWriter, name))[: len(wanted)] == wanted


def methods_of_tensorboardx() -> list[str]:
    kind = tensorboardX.SummaryWriter
    return [name for name in vars(kind) if not name.startswith("_") and callable(vars(kind)[name])]


@pytest.mark.parametrize("name", methods_of_tensorboardx())
def test_tensorboardx_arguments_are_all_there(name: str) -> None:
    function = getattr(tensorboardX.SummaryWriter, name)
    ours = parameters(getattr(SummaryWriter, name))
    wanted = [one for one in parameters(function) if one != "kwargs"]
    assert set(wanted) <= set(ours)
    if name != "add_image_with_boxes":  # torch put `rescale` where tensorboardX has `dataformats`
        in_place = [one for one in wanted if one in ours[: len(wanted)]]
        assert in_place == ours[: len(in_place)] or name == "add_hparams"


def test_tensorboardx_constructor_arguments_are_all_there() -> None:
    wanted = set(parameters(tensorboardX.SummaryWriter.__init__)) - {"kwargs"}
    assert wanted <= set(parameters(SummaryWriter.__init__))


def test_attributes_are_there(tmp_path: object) -> None:
    with SummaryWriter(tmp_path) as w:
        assert [name for name in ATTRIBUTES if not hasattr(w, name)] == []
        assert len(w.default_bins) == 1549
        assert list(w.all_writers) == [w.get_logdir()] == [w.logdir] == [w.log_dir]
        assert w.file_writer.get_logdir() == str(tmp_path)


def test_every_public_method_has_a_docstring() -> None:
    bare = [
        name
        for name, member in inspect.getmembers(SummaryWriter)
        if not name.startswith("_") and not inspect.getdoc(member)
    ]
    assert bare == []
