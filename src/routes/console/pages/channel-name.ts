import { channelOf } from "../../../channels/registry.ts";

/** `WeChat Pay`; a slug that is not known stays as it is. */
export const channelName = (slug: string): string => channelOf(slug)?.adapter.info.name ?? slug;
