"""What the results of each experiment program look like: how its tables are known, and what its columns are here."""

READERS = {
    "gorilla": "gaia_stim.designs.readers.gorilla:gorilla",
    "opensesame": "gaia_stim.designs.readers.opensesame:opensesame",
    "labjs": "gaia_stim.designs.readers.labjs:labjs",
    "psychopy": "gaia_stim.designs.readers.psychopy:builder",
    "jspsych": "gaia_stim.designs.readers.jspsych:jspsych",
    "starter": "gaia_stim.designs.readers.starter:starter",
}
"""Program to its `Reader`; the first whose columns are all there reads a table. The starters of jsPsych, PsychoPy and
Psychtoolbox, and `collect`, write the columns of `starter` themselves."""
