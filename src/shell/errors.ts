/** What can go wrong in the shell, as typed values. A message tells what was tried, what happened, what to do. */
import * as Schema from "effect/Schema"
import { endpointText } from "./privacy.ts"

/** A listener's or the admin port's address cannot be bound. */
export class BindError extends Schema.TaggedError<BindError>()("BindError", {
  listener: Schema.String,
  host: Schema.String,
  port: Schema.Int,
  /** The system's code, such as EADDRINUSE. */
  code: Schema.String,
  /** What of this very service has the address: `listener web on 127.0.0.1:80`. */
  own: Schema.optionalKey(Schema.String)
}) {
  heldBy(own: string): BindError {
    const { listener, host, port, code } = this
    return new BindError({ listener, host, port, code, own })
  }

  override get message(): string {
    const why = this.own !== undefined
      ? `the service has it by its own ${this.own}, which goes on until the new one is bound: restart the service, `
        + "or reload without the old one first"
      : this.code === "EADDRINUSE"
      ? "the port is in use: stop the program that holds it, or choose another port"
      : this.code === "EACCES"
      ? "not permitted: ports below 1024 need privileges, choose a higher one"
      : this.code === "EADDRNOTAVAIL" || this.code === "EINVAL"
      ? "this machine has no such address"
      : this.code
    return `listener ${this.listener}: cannot listen on ${endpointText(this)}: ${why}`
  }
}

/** A port that must not be reachable from other machines without a token has such an address, and no token. */
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

/** A name has no addresses, or the resolver did not say. */
export class ResolveError extends Schema.TaggedError<ResolveError>()("ResolveError", {
  host: Schema.String,
  /** Such as ENOTFOUND or ETIMEOUT. */
  code: Schema.String
}) {
  override get message(): string {
    return `cannot resolve ${this.host}: ${this.code}`
  }
}

export const HISTORY_TROUBLES = ["damaged", "record", "unreadable", "unwritable", "owned", "slow"] as const
export type HistoryTrouble = (typeof HISTORY_TROUBLES)[number]

/** Something is wrong with the history file; the service goes on. */
export class HistoryError extends Schema.TaggedError<HistoryError>()("HistoryError", {
  what: Schema.Literals(HISTORY_TROUBLES),
  path: Schema.String,
  /** What happened: the system's code, or words. */
  why: Schema.String
}) {
  override get message(): string {
    const file = `history ${this.path}`
    switch (this.what) {
      case "damaged":
        return `${file} cannot be used: ${this.why}; a new one is begun, and addresses are measured anew`
      case "record":
        return `history has records that are none, ${this.why}: they were left out, the rest is used`
      case "unreadable":
        return `${file} cannot be read: ${this.why}; this run begins without it: see to its owner and mode`
      case "unwritable":
        return `${file} cannot be written: ${this.why}; it stays in memory and is tried again: see to room and rights there`
      case "owned":
        return `${file} belongs to ${this.why}; this process reads it and writes none: give it a history.path of its own`
      default:
        return `the disk of the history did not answer ${this.why}; the service goes on without it, and tries again`
    }
  }
}
