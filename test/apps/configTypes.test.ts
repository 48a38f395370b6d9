/** The written type of a program's configuration is what the schema says. */
import { spawnSync } from "node:child_process"
import { assert, it } from "vitest"
import type { FairleadConfig } from "../../src/mod.ts"
import type { ConfigFile } from "../../src/core/schema/ConfigFile.ts"
import { binaryOf, ROOT } from "../support/command.ts"

type File = (typeof ConfigFile)["Encoded"]
type Listener = File["listeners"][number]
type Needed = "name" | "listen"

/** Every key may be left out; the values by name have no fixed keys. */
type Loose<T> = T extends ReadonlyArray<infer E> ? ReadonlyArray<Loose<E>>
  : string extends keyof T ? { readonly [K in keyof T]: Loose<T[K]> }
  : T extends object ? { readonly [K in keyof T]?: Loose<T[K]> }
  : T

type OfSchema = Loose<Omit<File, "listeners" | "log" | "shutdown">> & {
  readonly listeners?: ReadonlyArray<Pick<Listener, Needed> & Loose<Omit<Listener, Needed>>>
}

/** The compiler refuses this file where one of the types has a key or a value that the other one lacks. */
type KeysIn<T> = T extends ReadonlyArray<infer E> ? KeysIn<E>
  : T extends object ? { [K in keyof T & string]-?: K | `${K}.${KeysIn<NonNullable<T[K]>> & string}` }[keyof T & string]
  : never
const sameKeys: [KeysIn<OfSchema>] extends [KeysIn<FairleadConfig>]
  ? [KeysIn<FairleadConfig>] extends [KeysIn<OfSchema>] ? true : false
  : false = true
const written = (config: OfSchema): FairleadConfig => config
const read = (config: FairleadConfig): OfSchema => config

it("FairleadConfig has the keys and values of the schema, and its file is generated from it", () => {
  assert.isTrue(sameKeys)
  assert.deepStrictEqual(read(written({ upstreams: { web: { port: 1 } } })), { upstreams: { web: { port: 1 } } })
  const args = ["tools/configTypes.ts", "--check"]
  const { status, stderr } = spawnSync(binaryOf("node"), args, { cwd: ROOT, encoding: "utf8" })
  assert.strictEqual(status, 0, stderr)
})
