/**
 * The version of the core's behaviour. Raise it with each intended change of behaviour: then `replay` does not judge records of
 * other versions (exit code 4), instead of calling them diverged.
 */
export const MODEL_VERSION = 13

/** The version of the record's layout on disk. */
export const FORMAT_VERSION = 4
