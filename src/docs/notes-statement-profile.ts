/** What the fields of statements' profiles mean; a part of field-notes.ts. */

/** The profile's own fields say it themselves, where they are checked. */
const profile = { profile: "How the files are laid out. Null: as the channel's are." };

export const STATEMENT_PROFILE_NOTES = {
  StatementProfile: {
    channel_account: "The account whose files these are.",
    format: "The layout that uploads are read by.",
    ...profile,
  },
  PutStatementProfile: profile,
};
