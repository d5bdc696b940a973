"""jsPsych's own data, as an experiment that somebody wrote around `stimuli.js` saves them: CSV or JSON, `rt` in ms.

`trial_index` and `time_elapsed` stand in every row that jsPsych keeps (8.x, `modules/data`).
"""

from gaia_stim.designs.readers.base import Reader

PEOPLE = ("participant", "PROLIFIC_PID", "prolific_pid", "worker_id", "workerId", "subject_id", "subject")
jspsych = Reader(
    "jsPsych",
    frozenset({"task", "stim_a", "response", "trial_index", "time_elapsed"}),
    columns={"participant": PEOPLE},
    unit=0.001,
)
