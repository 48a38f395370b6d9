/** The flags of commands that ask a running service: where its admin port is. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Flag from "effect/cli/Flag"
import process from "node:process"
import type { AdminPort } from "../adapters/admin/call.ts"
import { ListenAddress } from "../core/schema/units.ts"
import { tellAll } from "./check.ts"
import { ADMIN_PORT } from "./config/ConfigSource.ts"
import { readConfig } from "./config/readConfig.ts"
import { Ended, UsageError } from "./exit.ts"

export const adminFlag = Flag.String("admin").pipe(
  Flag.withDescription(`Admin port of the service, instead of ${ADMIN_PORT}`),
  Flag.withMetavar("HOST:PORT"),
  Flag.optional
)

/** The admin port that the configuration or the flag names, or else the one of the embedded default, and the command that asks. */
export const adminPort = Effect.fnUntraced(
  function* (command: string, config: Option.Option<string>, admin: Option.Option<string>) {
    const port = yield* Option.isSome(config)
      ? adminOfFile(config.value)
      : adminNamed(Option.getOrElse(admin, () => ADMIN_PORT))
    return { ...port, command }
  }
)

const adminOfFile = Effect.fnUntraced(function* (file: string) {
  const { settings, problems } = yield* readConfig(file, process.env)
  if (settings === undefined) {
    yield* tellAll(file, problems, [])
    return yield* new Ended({ code: 2 })
  }
  if (settings.admin !== null) {
    const { listen, token } = settings.admin
    return { listen, token: token === null ? undefined : Redacted.value(token) } satisfies AdminPort
  }
  return yield* new UsageError({
    message: `${file} sets admin.listen to off, so the service cannot be reached: set an address and restart the service`
  })
})

const adminNamed = (text: string): Effect.Effect<AdminPort, UsageError> =>
  Schema.decodeUnknownEffect(ListenAddress)(text).pipe(
    Effect.map((listen) => ({ listen, token: undefined })),
    Effect.mapError(() =>
      new UsageError({ message: `--admin ${text}: expected an address with a port such as ${ADMIN_PORT}` })
    )
  )
