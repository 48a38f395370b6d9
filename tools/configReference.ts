/** Writes docs/configuration.md from the schema: `node tools/configReference.ts` (`--check` only compares). */
import type * as SchemaAST from "effect/SchemaAST"
import { readFileSync, writeFileSync } from "node:fs"
import process from "node:process"
import { choicesOf, formOf, note } from "../src/apps/config/schemaKeys.ts"
import { ConfigFile } from "../src/core/schema/ConfigFile.ts"
import { OF_ALL, OVERRIDABLE } from "../src/core/schema/sections.ts"

const PAGE = "docs/configuration.md"
const HEAD = `# Configuration

The configuration is one file, YAML or JSON. Three commands help to write it:

- \`fairlead init\` writes a file to begin with.
- \`fairlead check --config FILE\` names every mistake with line and column, and prints the configuration in force.
- \`fairlead schema\` prints a JSON Schema, with which editors complete and check the file. Save the schema beside the file, and begin the file
  with \`# yaml-language-server: $schema=fairlead.schema.json\`.

Durations are written like \`250ms\`, \`10s\`, \`5m\`, \`1h30m\`, \`7d\`, and sizes like \`512B\`, \`64KiB\`, \`64MiB\`. An unknown key is an error, and so is a key that is written twice.

Keys that begin with \`x-\` are your own. They may hold anything, in every section, and change nothing. Together with anchors and YAML's merge keys they save repetition: write
\`x-base: &base { port: 443, attempts: 3 }\`, and in an upstream \`<<: *base\`. In \`<<: [*one, *other]\` the first one wins. A key that stands beside \`<<\` wins over both.

An upstream may have sections of its own: ${
  OVERRIDABLE.map((name) => `\`${name}\``).join(", ")
}, and the key \`attempts\`. There they override the general ones, key by key. The budgets that all upstreams
share cannot be overridden: ${OF_ALL.map((name) => `\`${name}\``).join(", ")}.

## Values from the environment

| text | stands for |
| --- | --- |
| \`\${NAME}\` | the value of the environment variable \`NAME\` |
| \`\${NAME:-default}\` | the same, or \`default\` where the variable is unset or empty |
| \`$\${\` | the two characters \`\${\` |

Such a text may stand anywhere in a value. Where a key wants a number or a truth value, the text becomes one. Inside \`{ }\` and \`[ ]\` YAML needs quotes around it: \`{ port: "\${PORT}" }\`.

These are errors: a variable that is not set and has no default, and an empty variable for a key that protects (\`admin.token\`, \`caFile\`). Error messages show a value from the environment as \`***\`.

The variables of OpenTelemetry mean what they mean to every program with its SDK. Keys under \`telemetry\` win over them, with two exceptions: \`OTEL_SDK_DISABLED=true\` and
\`OTEL_TRACES_EXPORTER=none\` turn traces off, whatever the file says. These variables have an effect:

- \`OTEL_SDK_DISABLED\`, \`OTEL_TRACES_EXPORTER\` (otlp, none).
- \`OTEL_TRACES_SAMPLER\`: \`always_on\`, \`always_off\`, \`traceidratio\` and their \`parentbased_\` forms, which do the same, as no connection has a parent.
- \`OTEL_TRACES_SAMPLER_ARG\`, also without a sampler.
- \`OTEL_SERVICE_NAME\`, \`OTEL_RESOURCE_ATTRIBUTES\`.
- \`OTEL_EXPORTER_OTLP_ENDPOINT\`, \`_HEADERS\`, \`_TIMEOUT\`, \`_COMPRESSION\`, \`_CERTIFICATE\`, \`_CLIENT_KEY\`, \`_CLIENT_CERTIFICATE\`, and each of them with \`_TRACES_\`.
- \`OTEL_BSP_*\`, and the limits \`OTEL_ATTRIBUTE_*\` and \`OTEL_SPAN_ATTRIBUTE_*\`.

Fairlead sends traces only as JSON over HTTP. So \`OTEL_EXPORTER_OTLP_PROTOCOL\` has no other value than \`http/json\`, and 4317 is the wrong port. A warning names each variable of the specification that has no
effect, and each variable with a value that cannot be read. It does not show the value.

## Secrets

\`admin.token\` is a secret. Fairlead never logs, records, traces or prints it, and \`check\` shows it as \`***\`. Keep it in the environment rather than in the file: \`token: \${FAIRLEAD_TOKEN}\`. Headers for the collector come
only from \`OTEL_EXPORTER_OTLP_HEADERS\` and \`OTEL_EXPORTER_OTLP_TRACES_HEADERS\`.

## Reload

A running service reads the file again on SIGHUP and when the file changes, also when an editor replaces it. It applies the file within five seconds and ends no session. A file with a mistake changes nothing, and
each mistake is reported on a line of its own. When a key has changed that needs a restart, a warning names it; [operations.md](operations.md) lists these keys.

## Keys

This page is generated from the schema: \`node tools/configReference.ts\`.

`

const LATER = `
## Keys of later versions

A file may have these keys already. Fairlead checks them like all others. They change nothing yet, and a warning says so. A key that protects
(\`clients\`, \`users\`, \`allow\`, \`privateTargets: false\`, \`proxyProtocol\`) is a mistake in this version, which cannot do what the key promises.

`

/** `later`: the keys without an effect so far. They have a table of their own. */
function rows(ast: SchemaAST.AST, path: string, later: boolean, within = false): ReadonlyArray<string> {
  if (ast._tag === "Arrays") {
    return ast.rest.flatMap((one) => one.encoding === undefined ? rows(one, `${path}[]`, later, within) : [])
  }
  if (ast._tag !== "Objects") return []
  const own = ast.propertySignatures.flatMap(({ name, type }) => {
    const here = path === "" ? String(name) : `${path}.${String(name)}`
    const fallback = note(type, "default")
    const description = note(type, "description")
    const isSection = type._tag === "Objects" && description === undefined
    const shown = fallback === undefined ? "" : `\`${JSON.stringify(fallback)}\``
    const isLater = within || note(type, "later") === true
    const row = `| \`${here}\` | ${shown} | ${allowed(type)} | ${String(description ?? "")} |`
    // A value that is written as text is one key, whatever it decodes to.
    const inner = type.encoding === undefined ? rows(type, here, later, isLater) : []
    return [...(isSection || isLater !== later ? [] : [row]), ...inner]
  })
  const values = ast.indexSignatures.flatMap(({ type }) => rows(type, `${path}.NAME`, later, within))
  return [...own, ...values]
}

/** The values that a key may have, in short form for the table. */
function allowed(type: SchemaAST.AST): string {
  const choices = choicesOf(type)
  if (choices !== undefined) return choices.join(", ")
  if (type._tag === "Boolean") return "true, false"
  const range = /from (\S+ to \S+)$/.exec(formOf(type)?.expected ?? "")?.[1] ?? ""
  return `${formOf(type)?.expected.startsWith("auto,") ? "auto, " : ""}${range}`
}

const OVERRIDE = new RegExp(`^\\| \`upstreams\\.NAME\\.(${OVERRIDABLE.join("|")}|attempts)\\b`)
const table = (later: boolean) =>
  `| key | default | range | meaning |\n| --- | --- | --- | --- |\n${
    rows(ConfigFile.ast, "", later).filter((row) => !OVERRIDE.test(row)).join("\n")
  }\n`
const page = `${HEAD}${table(false)}${LATER}${table(true)}`
if (process.argv.includes("--check")) {
  if (readFileSync(PAGE, "utf8") !== page) {
    console.error(`${PAGE} is not what the schema says: run node tools/configReference.ts`)
    process.exit(1)
  }
} else writeFileSync(PAGE, page)
