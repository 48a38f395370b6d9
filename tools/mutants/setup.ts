/** A mutant is killed by the first case that fails: nothing is gained by making it smaller. */
import fc from "fast-check"

fc.configureGlobal({ endOnFailure: true })
