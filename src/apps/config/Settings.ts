/** The whole configuration after the door: what the core gets, and what the shell, adapters and commands need beside it. */
import type * as Redacted from "effect/Redacted"
import type { TelemetryOptions } from "../../adapters/otel/options.ts"
import type { Address, Config } from "../../core/model/Config.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import type { ListenerOptions } from "../../plane/Listener.ts"

export interface Settings {
  readonly core: Config
  readonly listeners: ReadonlyArray<ListenerOptions>
  readonly eventLog: ConfigFile["eventLog"]
  readonly history: ConfigFile["history"]
  /** null: no admin port. */
  readonly admin: AdminSettings | null
  readonly log: ConfigFile["log"]
  readonly telemetry: TelemetryOptions
  /** What asks for names, beside what the core has of it. */
  readonly names: { readonly resolutionDelayMs: number; readonly tellAgainMs: number }
  readonly privacy: ConfigFile["privacy"]
  readonly limits: Omit<ConfigFile["limits"], "adminClients" | "eventReaders" | "backlog">
  readonly shutdown: ConfigFile["shutdown"]
}

export interface AdminSettings {
  readonly listen: Address
  readonly hosts: ReadonlyArray<string>
  /** null: nobody has to show one. */
  readonly token: Redacted.Redacted | null
  /** Requests at once. */
  readonly clients: number
  /** Readers of facts at once. */
  readonly readers: number
  readonly timeoutMs: number
  readonly heartbeatMs: number
}
