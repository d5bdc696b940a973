"""A whole stimulus study in one YAML file: steps that are the commands themselves, and a runner that does what is new.

    yaml_nodes → read     the document: keys, variables, steps, with a place for each
               → plan     jobs: every step with its loops written out, its options a config, in the order of their files
               → run      what is not done yet is done; what was done is known by hash

A step of a recipe is a verb of the command line: its options are the verb's config, its work the verb's pipeline
function. Nothing here imports torch before a step has to run.
"""
