/** A line of the log, for a function of the program. */
export interface LogLine {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal"
  readonly message: string
  /** Further facts, by name. */
  readonly details: Readonly<Record<string, unknown>>
}
