/**
 * The version of the core's behaviour. Raise it with every change of behaviour on purpose: records of other versions are
 * then not judged (exit 4) instead of being called diverged.
 */
export const MODEL_VERSION = 9

/** The version of the record's layout on disk. */
export const FORMAT_VERSION = 3
