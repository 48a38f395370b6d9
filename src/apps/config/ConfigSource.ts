/** Where a configuration comes from: a file, or the embedded default. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { ConfigReadError } from "./readConfig.ts"
import { readText } from "./readConfig.ts"

export interface ConfigSource {
  /** Its name in messages: the path as it was typed. */
  readonly name: string
  readonly read: Effect.Effect<string, ConfigReadError, FileSystem.FileSystem>
  /** Changes of this file apply at once; undefined: there is no file. */
  readonly watched: string | undefined
}

export const fromFile = (file: string): ConfigSource => ({ name: file, read: readText(file), watched: file })

/** What `run` serves without a file. `admin`: an address, or off. */
export const embeddedDefault = (listen: string, admin: string): ConfigSource => ({
  name: "embedded default",
  read: Effect.succeed(JSON.stringify(
    { listeners: [{ name: "local", protocol: "proxy", listen }], admin: { listen: admin } },
    undefined,
    2
  )),
  watched: undefined
})

/** The addresses of the embedded default (contract 1). */
export const PROXY_PORT = "127.0.0.1:8118"
export const ADMIN_PORT = "127.0.0.1:9099"
