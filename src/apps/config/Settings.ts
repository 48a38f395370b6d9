/** The whole configuration after the door: what the core gets, and what the shell, adapters and commands need beside it. */
import type { TelemetryOptions } from "../../adapters/otel/options.ts"
import type { Address, Config } from "../../core/model/Config.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import type { ListenerOptions } from "../../shell/Acceptor.ts"

export interface Settings {
  readonly core: Config
  readonly listeners: ReadonlyArray<ListenerOptions>
  /** None: the system's resolver. */
  readonly dnsServers: ReadonlyArray<string>
  readonly eventLog: ConfigFile["eventLog"]
  /** null: no admin port. */
  readonly admin: { readonly listen: Address; readonly hosts: ReadonlyArray<string> } | null
  readonly telemetry: TelemetryOptions
  readonly log: ConfigFile["log"]
  readonly limits: ConfigFile["limits"]
  readonly shutdown: ConfigFile["shutdown"]
}
