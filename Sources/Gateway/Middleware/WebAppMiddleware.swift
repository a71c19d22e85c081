import Hummingbird

/// Gives the web app where no route is. Routes come first, so nothing of the app can hide one of them.
struct WebAppMiddleware: RouterMiddleware {
    let webApp: WebApp

    func handle(
        _ request: Request, context: AppRequestContext,
        next: (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            guard let response = webApp.response(to: request) else { throw error }
            context.coreContext.endpointPath.value = WebApp.template
            return response
        }
    }
}
