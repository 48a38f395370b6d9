/** The peer dependencies of this program's dependencies are declared in package.json. */
import { readFileSync } from "node:fs"
import { assert, it } from "vitest"

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

const read = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Manifest

/** Peer dependencies that no import of this program needs. */
const UNUSED: Readonly<Record<string, string>> = { redis: "@effect/platform-node has it for NodeRedis alone" }

function undeclared(
  { dependencies = {}, peerDependencies: own = {} }: Manifest,
  manifestOf: (name: string) => Manifest
): ReadonlyArray<string> {
  return Object.keys(dependencies).flatMap((name) => {
    const { peerDependencies = {}, peerDependenciesMeta = {} } = manifestOf(name)
    return Object.keys(peerDependencies)
      .filter((peer) => peerDependenciesMeta[peer]?.optional !== true)
      .filter((peer) => dependencies[peer] === undefined && own[peer] === undefined && UNUSED[peer] === undefined)
      .map((peer) => `${name} needs ${peer}`)
  })
}

const installed = (name: string) => read(`node_modules/${name}/package.json`)

it("every needed peer dependency of a dependency is declared in package.json", () => {
  assert.deepStrictEqual(undeclared(read("package.json"), installed), [])
})

it("a missing peer dependency is reported", () => {
  const { "@opentelemetry/semantic-conventions": _, ...others } = read("package.json").dependencies ?? {}
  const { peerDependencies = {} } = read("package.json")
  assert.deepStrictEqual(undeclared({ dependencies: others, peerDependencies }, installed), [
    "@effect/opentelemetry needs @opentelemetry/semantic-conventions"
  ])
})
