/** The messages of the edge that a page meets, as JSON has them. All of them: /openapi.json. */

export interface Identity {
  /** customer, visitor, email, phone, loyalty_card … */
  kind: string;
  value: string;
}

export interface Money {
  amount: number;
  /** ISO 4217; without it the item's, else the shop's. */
  currency?: string;
}

export interface CartItem {
  itemId: string;
  quantity?: number;
  price?: Money;
}

/** The moment, as the page sees it. */
export interface Context {
  sessionId?: string;
  itemIds?: string[];
  cart?: CartItem[];
  query?: string;
  /** `category`: the path of the category in view. */
  attributes?: Record<string, unknown>;
  withinCategories?: string[];
  withoutCategories?: string[];
}

export interface PlacementRequest {
  placement: string;
  /** 1 to 50; without it the placement's own. */
  limit?: number;
}

export interface RecommendRequest {
  placements: PlacementRequest[];
  context?: Context;
  excludeIds?: string[];
  /** BCP 47. */
  locale?: string;
  /** Decide exactly as live and leave no trace. */
  preview?: boolean;
}

export interface Creative {
  title?: string;
  text?: string;
  imageUrl?: string;
  link?: string;
  callToAction?: string;
}

export interface Reason {
  code?: string;
  text?: string;
}

export interface Recommendation {
  offerId: string;
  itemId?: string;
  kind?: string;
  reasons?: Reason[];
  creative?: Creative;
}

export interface PlacementRecommendations {
  placement: string;
  recommendations?: Recommendation[];
}

export interface Degraded {
  service: string;
  reason: string;
}

export interface RecommendResponse {
  decisionId: string;
  placements?: PlacementRecommendations[];
  degraded?: Degraded[];
}

/** What happened, beside its type; who, when and in which session the client adds. */
export interface Facts {
  itemId?: string;
  offerId?: string;
  decisionId?: string;
  placement?: string;
  orderId?: string;
  quantity?: number;
  value?: Money;
  query?: string;
  page?: string;
  durationS?: number;
  attributes?: Record<string, unknown>;
}

export interface Event extends Facts {
  eventId: string;
  type: string;
  /** RFC 3339. */
  time: string;
  identities: Identity[];
  channel: string;
  sessionId?: string;
}

/** An event that was refused; nothing is stored of it. */
export interface Rejected {
  /** Left out for the first. */
  index?: number;
  code: string;
  message: string;
}

export interface TrackResponse {
  accepted?: number;
  duplicates?: number;
  rejected?: Rejected[];
}
