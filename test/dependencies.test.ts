/** What the packages that we depend on need beside themselves is declared, and not there by the luck of an installation. */
import { readFileSync } from "node:fs"
import { assert, it } from "vitest"

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

const read = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Manifest

/** Peers that nothing we import leads to. */
const UNUSED: Readonly<Record<string, string>> = { redis: "@effect/platform-node has it for NodeRedis alone" }

function undeclared({ dependencies = {} }: Manifest, manifestOf: (name: string) => Manifest): ReadonlyArray<string> {
  return Object.keys(dependencies).flatMap((name) => {
    const { peerDependencies = {}, peerDependenciesMeta = {} } = manifestOf(name)
    return Object.keys(peerDependencies)
      .filter((peer) => peerDependenciesMeta[peer]?.optional !== true)
      .filter((peer) => dependencies[peer] === undefined && UNUSED[peer] === undefined)
      .map((peer) => `${name} needs ${peer}`)
  })
}

const installed = (name: string) => read(`node_modules/${name}/package.json`)

it("a package's own needs are declared as dependencies", () => {
  assert.deepStrictEqual(undeclared(read("package.json"), installed), [])
})

it("one that is missing is found out", () => {
  const { "@opentelemetry/semantic-conventions": _, ...others } = read("package.json").dependencies ?? {}
  assert.deepStrictEqual(undeclared({ dependencies: others }, installed), [
    "@effect/opentelemetry needs @opentelemetry/semantic-conventions"
  ])
})
