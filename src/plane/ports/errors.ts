/** Refusals of the system, as typed values. A message says what was tried, what happened, and what to do. */
import * as Schema from "effect/Schema"
import { endpointText } from "../../core/endpointText.ts"

/** A listener's or the admin port's address cannot be bound. */
export class BindError extends Schema.TaggedError<BindError>()("BindError", {
  listener: Schema.String,
  host: Schema.String,
  port: Schema.Int,
  /** The system's code, such as EADDRINUSE. */
  code: Schema.String,
  /** The part of this service that holds the address: `listener web on 127.0.0.1:80`. */
  own: Schema.optionalKey(Schema.String)
}) {
  heldBy(own: string): BindError {
    const { listener, host, port, code } = this
    return new BindError({ listener, host, port, code, own })
  }

  override get message(): string {
    const why = this.own !== undefined
      ? `this service's own ${this.own} holds the address until the new one is bound: restart the service, `
        + "or reload without the old one first"
      : this.code === "EADDRINUSE"
      ? "the port is in use: stop the program that holds it, or choose another port"
      : this.code === "EACCES"
      ? "not permitted: ports below 1024 need privileges, so choose a higher port"
      : this.code === "EADDRNOTAVAIL" || this.code === "EINVAL"
      ? "this machine has no such address: choose one that it has"
      : this.code
    return `listener ${this.listener}: cannot listen on ${endpointText(this)}: ${why}`
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
