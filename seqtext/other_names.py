"""What other toolkits call our flags, so that who comes from one of them is told the right name. Knows names alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from seqtext.errors import OptionsError

# Ours, with the value where theirs has none, and what others call it (blanks apart, dashes as underscores).
_OTHERS = {
    "--batch_rows": "batch_size bs train_batch_size per_device_train_batch_size minibatch_size",
    "--batch_tokens": "max_tokens tokens_per_batch",
    "--learning_rate": "lr max_lr base_lr",
    "--epochs": "num_epochs num_train_epochs n_epochs max_epochs epoch",
    "--max_steps": "max_iters total_steps num_steps",
    "--max_minutes": "max_time",
    "--gradient_accumulation": "gradient_accumulation_steps accumulate_grad_batches grad_accum update_freq",
    "--optimizer": "optim opt",
    "--warmup": "warmup_ratio warmup_steps num_warmup_steps warmup_proportion",
    "--weight_decay": "wd l2",
    "--max_grad_norm": "clip grad_clip clip_norm gradient_clip_val gradient_clip",
    "--ema_decay": "ema",
    "--average_last": "average_checkpoints avg_checkpoints average_last_k checkpoint_averaging",
    "--patience_epochs": "patience early_stopping early_stopping_patience",
    "--precision bf16": "bf16 amp",
    "--precision fp16": "fp16 half",
    "--precision": "dtype mixed_precision torch_dtype",
    "--device": "gpu gpus cuda accelerator",
    "--device cpu": "no_cuda cpu use_cpu",
    "--threads": "num_threads n_threads num_workers workers nproc n_jobs",
    "--track": "report_to logger tracker",
    "--track wandb": "wandb use_wandb",
    "--track tensorboard": "tensorboard",
    "--run": "output_dir out_dir save_dir out output model_dir exp_dir log_dir",
    "--overwrite": "overwrite_output_dir force",
    "--resume": "resume_from_checkpoint continue resume_from restore",
    "--checkpoint_every": "save_steps save_every save_interval checkpoint_interval",
    "--seed": "random_seed random_state manual_seed",
    "--config": "cfg config_file conf yaml",
    "--max_rows": "max_train_samples max_samples limit num_samples",
    "--dry_run": "dry",
    "--data": "dataset dataset_name data_path dataset_path data_dir corpus",
    "--data_config": "dataset_config dataset_config_name subset",
    "--train": "train_file train_data train_path training_file",
    "--validation": "validation_file valid valid_file val val_file dev dev_file eval_file",
    "--test": "test_file test_data test_path",
    "--text_column": "text text_col text_column_name text_field input_column",
    "--past_columns": "input_columns past_covariates hist_exog hist_exog_list past_covariate",
    "--future_columns": "future_covariates futr_exog futr_exog_list known_covariates known_covariates_names",
    "--static_columns": "static_covariates stat_exog stat_exog_list static_features",
    "--label_column": "label labels label_col label_column_name label_field target_column",
    "--init_from": "model_name model_name_or_path pretrained pretrained_model checkpoint finetune_from restore_file",
    "--vocabulary_size": "vocab_size vocab max_vocab max_vocab_size num_words",
    "--max_length": "max_len max_seq_length max_seq_len seq_len block_size",
    "--cell": "rnn_type cell_type rnn arch",
    "--hidden_size": "hidden hidden_dim n_hidden nhid rnn_size units num_units",
    "--embedding_size": "embedding_dim emb_size emb_dim embed_dim emsize d_model",
    "--num_layers": "layers n_layers nlayers num_hidden_layers depth",
    "--bidirectional": "bidir bi",
    "--head_dropout": "dropout dropout_rate drop",
    "--label_smoothing": "smoothing label_smoothing_factor",
    "--balance_classes": "class_weight class_weights balanced",
    "--lowercase": "lower do_lower_case uncased",
    "--teacher_temperature": "temperature distillation_temperature",
    "--teacher_weight": "alpha distillation_alpha",
    "--per_class": "shots few_shot num_shots samples_per_class",
}
_OURS = {name: ours for ours, names in _OTHERS.items() for name in names.split()}


def check_names(arguments: Sequence[str], known: Collection[str]) -> None:
    """Sees to it that no flag has the name that other toolkits give to one of ours.

    Args:
        arguments: the command line.
        known: the fields that are flags here; nobody is sent to one that is not.

    Raises:
        OptionsError: for all such flags, with the names they have here.
    """
    found = []
    for argument in arguments:
        name = argument.partition("=")[0].removeprefix("--").replace("-", "_")
        ours = _OURS.get(name) if argument.startswith("--") and name not in known else None
        if ours is not None and ours.removeprefix("--").split()[0] in known:
            found.append((argument.partition("=")[0], ours))
    if found:
        theirs = ", ".join(dict.fromkeys(theirs for theirs, _ in found))
        fix = ", ".join(dict.fromkeys(f"{ours} for {theirs}" if len(found) > 1 else ours for theirs, ours in found))
        raise OptionsError(f"no flag is called {theirs}", fix=f"did you mean {fix}?")
