/** Turns a decoded and checked file into settings. */
import * as Redacted from "effect/Redacted"
import type { TelemetryOptions } from "../../adapters/otel/options.ts"
import type { Config } from "../../core/model/Config.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import type { Addresses } from "./coreOf.ts"
import { coreOf } from "./coreOf.ts"
import { listenersOf } from "./listenersOf.ts"
import type { Settings } from "./Settings.ts"

export function settingsOf(
  file: ConfigFile,
  addresses: Addresses,
  telemetry: TelemetryOptions,
  builtin: Config["builtin"]
): Settings {
  const { listen, hosts, token, timeout: timeoutMs, heartbeat: heartbeatMs, session: sessionMs } = file.admin
  const { adminClients, eventReaders, backlog: _backlog, ...limits } = file.limits
  return {
    core: coreOf(file, addresses, builtin),
    listeners: listenersOf(file),
    eventLog: file.eventLog,
    history: file.history,
    admin: listen === "off" ? null : {
      listen,
      hosts,
      token: token === "" ? null : Redacted.make(token),
      clients: adminClients,
      readers: eventReaders,
      timeoutMs,
      heartbeatMs,
      sessionMs
    },
    log: file.log,
    telemetry,
    names: { resolutionDelayMs: file.dns.resolutionDelay, tellAgainMs: file.dns.tellAgain },
    privacy: file.privacy,
    limits,
    shutdown: file.shutdown
  }
}
