/** A small change of the sources that a test should notice, and its fate. */
export interface Mutant {
  /** The same as long as its line is the same, so that results outlive edits elsewhere in the file. */
  readonly key: string
  /** The path from the project's root, with slashes. */
  readonly file: string
  readonly line: number
  readonly column: number
  readonly mutator: string
  readonly original: string
  readonly replacement: string
}

/**
 * `killed`: a test failed. `timeout`: a test took far longer than without the mutant, or looped. `survived`: tests reach the mutant, and all of
 * them pass. `uncovered`: no test reaches it.
 */
export type Status = "killed" | "timeout" | "survived" | "uncovered"

export interface Result extends Mutant {
  readonly status: Status
  /** The test that noticed it. */
  readonly by?: string
}
