import type { ReactElement } from "react";
import { session } from "../../api/session";
import type { Match } from "../../router/routes";
import { useStore } from "../../state/store";
import { AuditPage } from "./audit-page";
import { DashboardPage } from "./dashboard-page";
import { EditEventPage, NewEventPage } from "./edit-page";
import { EventOrdersPage } from "./event-orders-page";
import { Forbidden } from "./forbidden";
import { OrganisePage } from "./organise-page";
import { UsersPage } from "./users-page";

/** Everything for organisers, in a script of its own that buyers never load. */
export function Organise({ page }: { page: Match }): ReactElement | null {
    const state = useStore(session);
    if (state.kind !== "signedIn" || state.account.role !== "admin") return <Forbidden />;
    switch (page.name) {
        case "organise": return <OrganisePage />;
        case "newEvent": return <NewEventPage />;
        case "editEvent": return <EditEventPage key={page.parameters.id} id={page.parameters.id} />;
        case "dashboard": return <DashboardPage key={page.parameters.id} id={page.parameters.id} />;
        case "eventOrders": return <EventOrdersPage key={page.parameters.id} id={page.parameters.id} />;
        case "users": return <UsersPage />;
        case "audit": return <AuditPage />;
        default: return null;
    }
}
