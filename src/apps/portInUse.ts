/** A port in use at the start: which program may hold it, and how to choose another. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as path from "node:path"
import { localEndpoint } from "../adapters/admin/localEndpoint.ts"
import { lockOwner } from "../adapters/file/lock.ts"
import { stateDirectory } from "../adapters/node/stateDirectory.ts"
import { endpointText } from "../core/endpointText.ts"
import type { Address } from "../core/model/Config.ts"
import { overlap } from "../plane/overlap.ts"
import type { BindError } from "../plane/ports/errors.ts"
import type { ConfigSource } from "./config/ConfigSource.ts"
import type { Settings } from "./config/Settings.ts"
import { howToRun } from "./howToRun.ts"
import { listenersOf } from "./runningService.ts"

export class PortInUse extends Data.TaggedError("PortInUse")<{ readonly message: string }> {}

/** A Fairlead on this machine answers in a few milliseconds. What holds the port may be no Fairlead, and keep silent. */
const ANSWER = "3 seconds"

/** Fails with more than the system said, where the system said that the port is in use. */
export const explained = Effect.fnUntraced(function* (error: BindError, source: ConfigSource, settings: Settings) {
  if (error.code !== "EADDRINUSE" || error.own !== undefined) return yield* error
  const other = yield* otherFairlead(error, settings)
  const holder = other === undefined ? "another program holds it" : `${other.name} holds it`
  const use = other === undefined || error.listener === "admin"
    ? ""
    : other.isProxy
    ? `. To use that one: ${howToRun("env")}`
    : `. To see what that one does: ${howToRun("status")}`
  return yield* new PortInUse({
    message: `listener ${error.listener}: cannot listen on ${endpointText(error)}: the port is in use: ${holder}${use}. `
      + remedy(error, source, other !== undefined)
  })
})

/** The service that has the address, if its admin port answers, with its process id where the lock of its record tells. */
const otherFairlead = Effect.fnUntraced(function* (error: BindError, { admin, eventLog }: Settings) {
  if (admin === null) return undefined
  const token = admin.token === null ? undefined : Redacted.value(admin.token)
  const listeners = yield* listenersOf({ listen: admin.listen, token, command: "env" }).pipe(
    Effect.timeoutOption(ANSWER),
    Effect.map(Option.getOrUndefined),
    Effect.orElseSucceed(() => undefined)
  )
  const held = listeners?.find(({ listen }) => overlap(listen, error))
  if (held === undefined && (listeners === undefined || error.listener !== "admin")) return undefined
  const directory = eventLog.path === "auto" ? path.join(stateDirectory(), "log") : path.resolve(eventLog.path)
  const owner = yield* Effect.promise(() => lockOwner(path.join(directory, "lock")).catch(() => undefined))
  const name = owner === undefined ? "another Fairlead" : `another Fairlead (process ${owner})`
  return { name, isProxy: held?.protocol === "proxy" }
})

function remedy({ listener, host, port }: BindError, source: ConfigSource, both: boolean): string {
  const isAdmin = listener === "admin"
  if (source.watched !== undefined) {
    return `Stop it, or change ${isAdmin ? "admin.listen" : `\`listen\` of ${listener}`} in ${source.name}`
  }
  const next = (at: Address, by: number) => endpointText({ host: localEndpoint(at).host, port: at.port + by })
  if (isAdmin) {
    return `Stop it, or choose another port: ${howToRun(`run --admin ${next({ host, port }, -1)}`)}, or --admin off`
  }
  const admin = both ? " --admin off" : ""
  return `Stop it, or choose another port: ${howToRun(`run --listen ${next({ host, port }, 1)}${admin}`)}`
}
