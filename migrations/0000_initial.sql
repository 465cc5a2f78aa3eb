CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`public_id` text NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`label` text,
	`sealed_secret` text NOT NULL,
	`scopes` text NOT NULL,
	`ip_allow` text NOT NULL,
	`expires_at` integer,
	`revoked_at` integer,
	`last_used_at` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`merchant_id`) REFERENCES `merchants`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_keys_public_id_unique` ON `api_keys` (`public_id`);--> statement-breakpoint
CREATE INDEX `api_keys_by_merchant` ON `api_keys` (`merchant_id`,`livemode`);--> statement-breakpoint
CREATE TABLE `audit_log` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text,
	`livemode` integer,
	`actor_type` text NOT NULL,
	`actor_id` text,
	`action` text NOT NULL,
	`target` text NOT NULL,
	`before` text,
	`after` text,
	`request_id` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_log_by_merchant` ON `audit_log` (`merchant_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `audit_log_by_time` ON `audit_log` (`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `channel_accounts` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`channel` text NOT NULL,
	`mode` text NOT NULL,
	`display_name` text NOT NULL,
	`region` text,
	`late_payment` text NOT NULL,
	`status` text NOT NULL,
	`credentials` text,
	`merchant_account` text NOT NULL,
	`verified_at` integer,
	`channel_fee` integer,
	`split` text,
	`statement_profile` text,
	`authorization_expires_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`merchant_id`) REFERENCES `merchants`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `channel_accounts_by_merchant` ON `channel_accounts` (`merchant_id`,`livemode`,`channel`);--> statement-breakpoint
CREATE INDEX `channel_accounts_ending` ON `channel_accounts` (`authorization_expires_at`) WHERE authorization_expires_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `channel_hours` (
	`livemode` integer NOT NULL,
	`channel` text NOT NULL,
	`hour` integer NOT NULL,
	`orders` integer NOT NULL,
	`rejected` integer NOT NULL,
	`unknown` integer NOT NULL,
	`total_ms` integer NOT NULL,
	`max_ms` integer NOT NULL,
	PRIMARY KEY(`livemode`, `channel`, `hour`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `console_sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`credential` text NOT NULL,
	`merchant_id` text,
	`csrf` text NOT NULL,
	`created_at` integer NOT NULL,
	`seen_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `console_sessions_ending` ON `console_sessions` (`expires_at`);--> statement-breakpoint
CREATE TABLE `cron_runs` (
	`job` text PRIMARY KEY NOT NULL,
	`started_at` integer NOT NULL,
	`duration_ms` integer NOT NULL,
	`handled` integer NOT NULL,
	`error` text
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `dead_letters` (
	`id` text PRIMARY KEY NOT NULL,
	`queue` text NOT NULL,
	`body` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `dead_letters_by_time` ON `dead_letters` (`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `events` (
	`position` integer NOT NULL,
	`id` text NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`type` text NOT NULL,
	`created_at` integer NOT NULL,
	`payload` text NOT NULL,
	PRIMARY KEY(`merchant_id`, `livemode`, `position`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `events_id_unique` ON `events` (`id`);--> statement-breakpoint
CREATE TABLE `reconciliation_exceptions` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`run_id` text,
	`kind` text NOT NULL,
	`state` text NOT NULL,
	`payment_intent` text,
	`channel_account` text NOT NULL,
	`reference` text,
	`assignee` text,
	`notes` text NOT NULL,
	`due_at` integer NOT NULL,
	`resolved_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`snapshot` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `reconciliation_exceptions_by_merchant` ON `reconciliation_exceptions` (`merchant_id`,`livemode`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `reconciliation_exceptions_by_run` ON `reconciliation_exceptions` (`run_id`,`id`) WHERE run_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `reconciliation_exceptions_open` ON `reconciliation_exceptions` (`channel_account`,`reference`) WHERE state IN ('open', 'acknowledged');--> statement-breakpoint
CREATE TABLE `fee_plans` (
	`merchant_id` text NOT NULL,
	`channel` text NOT NULL,
	`kind` text NOT NULL,
	`basis_points` integer NOT NULL,
	`fixed` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`merchant_id`, `channel`, `kind`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `fx_rates` (
	`base` text NOT NULL,
	`quote` text NOT NULL,
	`as_of` integer NOT NULL,
	`rate` text NOT NULL,
	`source` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`base`, `quote`, `as_of`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `invoices` (
	`id` text PRIMARY KEY NOT NULL,
	`serial` integer NOT NULL,
	`number` text NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`currency` text NOT NULL,
	`month` text NOT NULL,
	`total` integer NOT NULL,
	`lines` text NOT NULL,
	`state` text NOT NULL,
	`due_at` integer NOT NULL,
	`paid_at` integer,
	`payment_reference` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `invoices_serial_unique` ON `invoices` (`serial`);--> statement-breakpoint
CREATE UNIQUE INDEX `invoices_by_month` ON `invoices` (`merchant_id`,`livemode`,`currency`,`month`);--> statement-breakpoint
CREATE INDEX `invoices_by_time` ON `invoices` (`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `jobs` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`kind` text NOT NULL,
	`target` text NOT NULL,
	`parameters` text NOT NULL,
	`state` text NOT NULL,
	`done` integer NOT NULL,
	`total` integer NOT NULL,
	`cursor` integer NOT NULL,
	`error` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `jobs_by_merchant` ON `jobs` (`merchant_id`,`livemode`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `jobs_open` ON `jobs` (`updated_at`) WHERE state IN ('queued', 'running');--> statement-breakpoint
CREATE TABLE `ledger_entries` (
	`id` text NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`at` integer NOT NULL,
	`currency` text NOT NULL,
	`value` integer NOT NULL,
	`kind` text NOT NULL,
	`debit` text NOT NULL,
	`credit` text NOT NULL,
	`cause` text NOT NULL,
	`memo` text,
	`recorded_at` integer NOT NULL,
	PRIMARY KEY(`merchant_id`, `livemode`, `at`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `merchants` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`email` text,
	`settlement_currency` text,
	`status` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `merchants_by_time` ON `merchants` (`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `payment_intents` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`sequence` integer NOT NULL,
	`status` text NOT NULL,
	`channel` text,
	`channel_account` text,
	`method` text,
	`merchant_order_id` text,
	`channel_transaction_id` text,
	`currency` text NOT NULL,
	`value` integer NOT NULL,
	`refunded` integer NOT NULL,
	`fee` integer NOT NULL,
	`call_ms` integer,
	`succeeded_at` integer,
	`created_at` integer NOT NULL,
	`deadline` integer,
	`snapshot` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `payment_intents_by_merchant` ON `payment_intents` (`merchant_id`,`livemode`,`created_at`,`id`,`status`,`channel`);--> statement-breakpoint
CREATE INDEX `payment_intents_by_transaction` ON `payment_intents` (`merchant_id`,`livemode`,`channel_transaction_id`) WHERE channel_transaction_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `payment_intents_by_order` ON `payment_intents` (`merchant_id`,`livemode`,`merchant_order_id`,`created_at`,`id`) WHERE merchant_order_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `payment_intents_by_account` ON `payment_intents` (`channel_account`,`succeeded_at`,`id`) WHERE succeeded_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `payment_intents_overdue` ON `payment_intents` (`deadline`) WHERE deadline IS NOT NULL;--> statement-breakpoint
CREATE TABLE `payouts` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`channel_account` text NOT NULL,
	`currency` text NOT NULL,
	`value` integer NOT NULL,
	`bank_reference` text,
	`arrived_at` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `payouts_by_merchant` ON `payouts` (`merchant_id`,`livemode`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `reconciliation_days` (
	`run_id` text NOT NULL,
	`day` text NOT NULL,
	`state` text NOT NULL,
	`step` text NOT NULL,
	`cursor` text NOT NULL,
	`statement_id` text,
	`merchant_statement_id` text,
	`lines` integer NOT NULL,
	`done` integer NOT NULL,
	`counts` text NOT NULL,
	`attempts` integer NOT NULL,
	`next_attempt_at` integer,
	`error` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`run_id`, `day`),
	FOREIGN KEY (`run_id`) REFERENCES `reconciliation_runs`(`id`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `reconciliation_days_open` ON `reconciliation_days` (`updated_at`) WHERE state IN ('queued', 'running', 'waiting');--> statement-breakpoint
CREATE TABLE `reconciliation_runs` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`channel_account` text NOT NULL,
	`trigger` text NOT NULL,
	`from_day` text NOT NULL,
	`to_day` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `reconciliation_runs_by_merchant` ON `reconciliation_runs` (`merchant_id`,`livemode`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `refunds` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`payment_intent` text NOT NULL,
	`sequence` integer NOT NULL,
	`status` text NOT NULL,
	`channel_account` text NOT NULL,
	`channel_refund_id` text,
	`currency` text NOT NULL,
	`value` integer NOT NULL,
	`succeeded_at` integer,
	`created_at` integer NOT NULL,
	`snapshot` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `refunds_by_account` ON `refunds` (`channel_account`,`succeeded_at`,`id`) WHERE succeeded_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `refunds_open` ON `refunds` (`created_at`) WHERE status IN ('requested', 'processing');--> statement-breakpoint
CREATE INDEX `refunds_by_merchant` ON `refunds` (`merchant_id`,`livemode`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `refunds_by_payment` ON `refunds` (`payment_intent`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `service_versions` (
	`service_id` text NOT NULL,
	`version` text NOT NULL,
	`manifest` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`service_id`, `version`),
	FOREIGN KEY (`service_id`) REFERENCES `services`(`id`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `services` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`status` text NOT NULL,
	`version` text NOT NULL,
	`name` text NOT NULL,
	`manifest` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`merchant_id`) REFERENCES `merchants`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `services_by_merchant` ON `services` (`merchant_id`,`livemode`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `services_active` ON `services` (`livemode`,`status`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `settlements` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`channel_account` text NOT NULL,
	`currency` text NOT NULL,
	`day` text NOT NULL,
	`source` text NOT NULL,
	`payments` integer NOT NULL,
	`gross` integer NOT NULL,
	`refunds` integer NOT NULL,
	`refunded` integer NOT NULL,
	`channel_fee` integer,
	`split` integer NOT NULL,
	`net` integer NOT NULL,
	`state` text NOT NULL,
	`expected_at` integer NOT NULL,
	`payout_id` text,
	`run_id` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `settlements_by_day` ON `settlements` (`channel_account`,`day`,`currency`);--> statement-breakpoint
CREATE INDEX `settlements_by_merchant` ON `settlements` (`merchant_id`,`livemode`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `splits` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`kind` text NOT NULL,
	`payment_intent` text NOT NULL,
	`refund` text,
	`channel` text NOT NULL,
	`channel_account` text NOT NULL,
	`channel_transaction_id` text NOT NULL,
	`currency` text NOT NULL,
	`value` integer NOT NULL,
	`receiver` text NOT NULL,
	`state` text NOT NULL,
	`channel_split_id` text,
	`attempts` integer NOT NULL,
	`next_at` integer,
	`error` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `splits_by_merchant` ON `splits` (`merchant_id`,`livemode`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `splits_by_payment` ON `splits` (`payment_intent`);--> statement-breakpoint
CREATE INDEX `splits_due` ON `splits` (`next_at`) WHERE next_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `statement_lines` (
	`channel_account` text NOT NULL,
	`side` text NOT NULL,
	`kind` text NOT NULL,
	`reference` text NOT NULL,
	`statement_id` text NOT NULL,
	`line` integer NOT NULL,
	`transaction_id` text,
	`currency` text NOT NULL,
	`value` integer NOT NULL,
	`status` text NOT NULL,
	`fee` integer,
	`occurred_at` integer,
	PRIMARY KEY(`channel_account`, `side`, `kind`, `reference`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `statements` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`channel_account` text NOT NULL,
	`side` text NOT NULL,
	`origin` text NOT NULL,
	`day` text NOT NULL,
	`format` text NOT NULL,
	`file_name` text NOT NULL,
	`sha256` text NOT NULL,
	`sha1` text,
	`bytes` integer NOT NULL,
	`state` text NOT NULL,
	`lines` integer NOT NULL,
	`totals` text NOT NULL,
	`error` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `statements_by_content` ON `statements` (`channel_account`,`side`,`day`,`sha256`);--> statement-breakpoint
CREATE INDEX `statements_by_merchant` ON `statements` (`merchant_id`,`livemode`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `webhook_deliveries` (
	`id` text PRIMARY KEY NOT NULL,
	`event_id` text NOT NULL,
	`endpoint_id` text NOT NULL,
	`merchant_id` text NOT NULL,
	`state` text NOT NULL,
	`attempts` text NOT NULL,
	`next_attempt_at` integer,
	`feed_at` integer,
	`created_at` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `webhook_deliveries_by_endpoint` ON `webhook_deliveries` (`endpoint_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `webhook_deliveries_by_event` ON `webhook_deliveries` (`event_id`);--> statement-breakpoint
CREATE INDEX `webhook_deliveries_due` ON `webhook_deliveries` (`feed_at`) WHERE feed_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `webhook_endpoints` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`livemode` integer NOT NULL,
	`url` text NOT NULL,
	`description` text,
	`enabled_events` text NOT NULL,
	`status` text NOT NULL,
	`disabled_reason` text,
	`secrets` text NOT NULL,
	`failing_since` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`merchant_id`) REFERENCES `merchants`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `webhook_endpoints_by_merchant` ON `webhook_endpoints` (`merchant_id`,`livemode`);