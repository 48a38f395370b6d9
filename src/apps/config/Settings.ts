/**
 * The whole configuration after all checks: what the core gets, and what the shell, the adapters and the commands need beside
 * that.
 */
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
  /** Settings of the resolver that the core does not need. */
  readonly names: { readonly resolutionDelayMs: number; readonly tellAgainMs: number }
  readonly privacy: ConfigFile["privacy"]
  readonly limits: Omit<ConfigFile["limits"], "adminClients" | "eventReaders" | "backlog">
  readonly shutdown: ConfigFile["shutdown"]
}

export interface AdminSettings {
  readonly listen: Address
  readonly hosts: ReadonlyArray<string>
  /** null: a request needs no token. */
  readonly token: Redacted.Redacted | null
  /** Requests at once. */
  readonly clients: number
  /** Readers of facts at once. */
  readonly readers: number
  readonly timeoutMs: number
  readonly heartbeatMs: number
  readonly sessionMs: number
}
