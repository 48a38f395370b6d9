/** Errors of the shell, as typed values. A message says what was tried, what happened, and what to do. */
import * as Schema from "effect/Schema"
import { endpointText } from "../core/endpointText.ts"

/** A port that needs a token off loopback has an address off loopback and no token. */
export class ExposedError extends Schema.TaggedError<ExposedError>()("ExposedError", {
  listener: Schema.String,
  host: Schema.String,
  port: Schema.Int
}) {
  override get message(): string {
    const where = endpointText(this)
    return `listener ${this.listener}: ${where} is reachable from other machines: set admin.token, or listen on 127.0.0.1`
  }
}

/** A record's directory or segment cannot be read or written. */
export class RecordError extends Schema.TaggedError<RecordError>()("RecordError", {
  path: Schema.String,
  code: Schema.String,
  doing: Schema.Literals(["open", "read", "write"])
}) {
  override get message(): string {
    const why = this.code === "ENOENT" ? "no such file or directory" : this.code
    return `record ${this.path}: cannot ${this.doing} it: ${why}`
  }
}

export const HISTORY_TROUBLES = ["damaged", "record", "unreadable", "unwritable", "owned", "slow"] as const
export type HistoryTrouble = (typeof HISTORY_TROUBLES)[number]

/** The history file has a problem. The service goes on. */
export class HistoryError extends Schema.TaggedError<HistoryError>()("HistoryError", {
  what: Schema.Literals(HISTORY_TROUBLES),
  path: Schema.String,
  /** What happened: the system's code, or a text. */
  why: Schema.String
}) {
  override get message(): string {
    const file = `history ${this.path}`
    switch (this.what) {
      case "damaged":
        return `${file} cannot be used: ${this.why}; Fairlead begins a new file, and measures addresses anew`
      case "record":
        return `history has ${this.why}: Fairlead leaves them out, and uses the rest`
      case "unreadable":
        return `${file} cannot be read: ${this.why}; this run begins without it: check the file's owner and mode`
      case "unwritable":
        return `${file} cannot be written: ${this.why}; the history stays in memory, and Fairlead tries again: check free space and permissions there`
      case "owned":
        return `${file} belongs to ${this.why}; this process reads the file and does not write it: give this process a history.path of its own`
      default:
        return `the disk of the history did not answer ${this.why}; the service goes on without it, and tries again`
    }
  }
}
