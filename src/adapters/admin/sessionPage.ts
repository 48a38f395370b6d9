/** `/session`: trades the token for a cookie of the dashboard, and ends such a session. */
import * as Effect from "effect/Effect"
import type { AdminOptions } from "./AdminOptions.ts"
import { said } from "./guard.ts"
import type { Handler } from "./Handler.ts"
import { began, described, ended, showsToken } from "./session.ts"

type Options = Pick<AdminOptions, "token" | "sessionMs">

/** The guard lets cookies pass too. A cookie does not buy another one, so a session that was stolen ends as well. */
export const session = ({ token, sessionMs }: Options): Readonly<Record<"GET" | "POST" | "DELETE", Handler>> => ({
  GET: () => Effect.sync(() => described(token)),
  POST: (request) =>
    Effect.sync(() =>
      token === undefined || showsToken(request, token)
        ? began(request, token, Date.now(), sessionMs)
        : said(401, "a session begins with `Authorization: Bearer <admin.token>`")
    ),
  DELETE: (request) => Effect.sync(() => ended(request))
})
