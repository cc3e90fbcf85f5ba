"""What a forecaster consists of: the model of a config. Knows settings, no series."""

from __future__ import annotations

from torch import nn

from seqtext.models.seq_to_vec import SeqToVec
from seqtext.nn.backbone import Backbone
from seqtext.nn.pooling import Pooling
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.step_model import StepModel


def build_model(config: ForecastConfig) -> SeqToVec | StepModel:
    """The model of a config, with new weights."""
    if config.model != "plain":
        return StepModel(config)
    backbone = Backbone(
        input_size=config.input_size,
        hidden_size=config.hidden_size,
        num_layers=config.num_layers,
        cell=config.cell,
        dropout=config.layer_dropout,
    )
    return SeqToVec(
        embedding=nn.Identity(),
        backbone=backbone,
        pooling=Pooling(kinds=["last"], size=backbone.output_size),
        output_size=config.head_horizon * config.output.size,
        dropout=config.head_dropout,
    )
