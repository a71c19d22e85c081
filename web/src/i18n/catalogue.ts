import type { en } from "./en";
import type { enStaff } from "./en-staff";

/** The forms of a message with plurals; languages need some of them. */
export interface Plural {
    readonly zero?: string;
    readonly one?: string;
    readonly two?: string;
    readonly few?: string;
    readonly many?: string;
    readonly other: string;
}

type In<Messages> = { readonly [Key in keyof Messages]: Messages[Key] extends string ? string : Plural };

export type BuyerCatalogue = In<typeof en>;
export type StaffCatalogue = In<typeof enStaff>;

/** Every message by its key, in English; the types of all others follow from these. */
export type English = typeof en & typeof enStaff;

/** What one language has loaded: the buyers' words always, the others when they are needed. */
export type Catalogue = BuyerCatalogue & Partial<StaffCatalogue>;
