import * as v from 'valibot'
import type { Activity } from '../activity.ts'
import { RouterError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { parse } from '../parse.ts'
import type { Request } from '../request.ts'
import { parseTime } from '../time.ts'
import { gitlabToken, token } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, ruled, type Vocabulary } from './vocabulary.ts'
import { idOfContent } from './window.ts'

// GitLab's audit event streaming (docs/sources/gitlab.md). It calls its JSON `application/x-www-form-urlencoded`. What the
// registry itself notifies of is the source `distribution`.

const text = v.optional(v.nullable(v.string('must be text')))

const number = v.optional(v.nullable(v.union([v.string(), v.number()], 'must be a number or text')))
const NO_EVENT = 'is no audit event of GitLab'

// Of an event that may be about anything no more is read than what it is about.
const typeSchema = v.object(
  {
    event_type: text,
    details: v.optional(v.nullable(v.object({ event_name: text }, 'must be an object'))),
  },
  NO_EVENT,
)

const eventSchema = v.object(
  {
    id: number,
    created_at: text,
    author_id: number,
    author_name: text,
    entity_path: text,
    target_details: text,
    ip_address: text,
    details: v.optional(v.nullable(v.object({ custom_message: text, author_class: text }, 'must be an object'))),
  },
  NO_EVENT,
)

type Event = v.InferOutput<typeof eventSchema>

// Every other type that GitLab 16.6, 18.7 and 19.2 document, and those of their sources that no page has. What a later version
// adds is not known until it is written here.
const OTHERS = `
  add_gpg_key add_ssh_key admin_override_cleared_for_namespace_duo_availability admin_override_set_for_namespace_duo_availability
  ai_agent_session_ended ai_agent_session_started ai_audit_events_storage_enabled_updated
  ai_catalog_restricted_to_group_hierarchy_updated ai_llm_input_sent ai_llm_request_failed ai_llm_response_received
  ai_setting_updated ai_tool_execution_failed ai_tool_execution_retried ai_tool_invoked ai_tool_response_received
  ai_tool_rule_created ai_tool_rule_updated ai_tool_rules_bulk_updated ai_usage_data_collection_enabled_updated
  ai_user_input_received ai_user_output_displayed allow_author_approval_updated allow_committer_approval_updated
  allow_merge_on_skipped_pipeline_updated allow_mfa_for_subgroups_updated
  allow_overrides_to_approver_list_per_merge_request_updated allow_personal_snippets_updated
  allow_runner_registration_token_updated allowed_email_domain_updated amazon_s3_configuration_created
  amazon_s3_configuration_deleted amazon_s3_configuration_updated api_request_access_with_scope application_setting_updated
  approval_rule_created approval_rule_deleted audit_events_streaming_headers_create audit_events_streaming_headers_destroy
  audit_events_streaming_headers_update audit_events_streaming_instance_headers_create
  audit_events_streaming_instance_headers_destroy audit_events_streaming_instance_headers_update audit_operation
  authenticated_with_group_saml authenticated_with_ldap authenticated_with_oauth authenticated_with_password
  authenticated_with_two_factor authenticated_with_webauthn auto_duo_code_review_enabled_updated

  ban_user change_membership_state ci_group_variable_created ci_group_variable_deleted ci_group_variable_updated
  ci_instance_variable_created ci_instance_variable_deleted ci_instance_variable_updated ci_runner_assigned_to_project
  ci_runner_created ci_runner_registered ci_runner_token_reset ci_runner_unassigned_from_project ci_runner_unregistered
  ci_runner_usage_export ci_runners_bulk_deleted ci_variable_created ci_variable_deleted ci_variable_updated
  cluster_agent_create_failed cluster_agent_created cluster_agent_delete_failed cluster_agent_deleted cluster_agent_token_created
  cluster_agent_token_revoked code_suggestions_updated comment_by_project_bot comment_created comment_deleted comment_updated
  compliance_control_status_fail compliance_control_status_pass compliance_framework_added compliance_framework_deleted
  compliance_framework_id_updated compliance_framework_removed composite_oauth_token_created coverage_fuzzing_corpus_create
  create_ai_catalog_agent create_ai_catalog_flow create_ai_catalog_mcp_server create_ai_catalog_third_party_flow
  create_compliance_framework create_event_streaming_destination create_http_namespace_filter
  create_instance_event_streaming_destination create_ssh_certificate create_status_check created_compliance_requirement
  created_compliance_requirement_control created_group_audit_event_streaming_destination created_group_namespace_filter
  created_instance_audit_event_streaming_destination created_instance_namespace_filter custom_admin_role_assigned_to_user
  custom_admin_role_created custom_admin_role_deleted custom_admin_role_unassigned_from_user custom_admin_role_updated

  dast_profile_create dast_profile_destroy dast_profile_schedule_create dast_profile_schedule_update dast_profile_update
  dast_scanner_profile_create dast_scanner_profile_destroy dast_scanner_profile_update dast_site_profile_create
  dast_site_profile_destroy dast_site_profile_update default_branch_name_updated delete_ai_catalog_agent delete_ai_catalog_flow
  delete_ai_catalog_third_party_flow delete_epic delete_http_namespace_filter delete_issue delete_merge_request
  delete_ssh_certificate delete_status_check delete_work_item deleted_group_audit_event_streaming_destination
  deleted_group_namespace_filter deleted_instance_audit_event_streaming_destination deleted_instance_namespace_filter
  dependency_firewall_allowed dependency_firewall_blocked dependency_firewall_warned deploy_key_added deploy_key_removed
  deploy_token_created deploy_token_creation_failed deploy_token_destroyed deploy_token_revoked deployment_approved
  deployment_rejected deployment_started destroy_compliance_framework destroy_event_streaming_destination
  destroy_instance_event_streaming_destination destroy_pipeline destroyed_compliance_requirement
  destroyed_compliance_requirement_control direct_transfer_relation_export_batch_downloaded
  direct_transfer_relation_export_downloaded direct_transfer_relations_export_initiated disable_ai_catalog_agent
  disable_ai_catalog_flow disable_ai_catalog_third_party_flow disable_personal_access_tokens_updated disable_ssh_keys_updated
  duo_agent_platform_enabled_updated duo_cli_session_blocked duo_custom_agents_enabled_updated duo_custom_flows_enabled_updated
  duo_external_agents_enabled_updated duo_features_enabled_updated duo_foundational_flows_enabled_updated
  duo_remote_flows_enabled_updated duo_sast_fp_detection_enabled_updated duo_sast_vr_workflow_enabled_updated
  duo_secret_detection_fp_detection_enabled_updated duo_service_account_provisioned duo_session_created duo_session_deleted
  duo_session_failed duo_session_finished duo_session_resumed duo_session_started duo_session_stopped duo_tool_call_approved
  duo_workflow_mcp_enabled_updated

  email_confirmation_sent email_created email_destroyed emails_enabled_updated enable_ai_catalog_agent enable_ai_catalog_flow
  enable_ai_catalog_third_party_flow enabled_foundational_flows_updated enabled_git_access_protocol_updated
  enforce_ssh_certificates_updated enterprise_users_extensions_marketplace_opt_in_status_updated environment_protected
  environment_unprotected epic_closed_by_project_bot epic_created_by_project_bot epic_reopened_by_project_bot
  event_type_filters_created event_type_filters_deleted experiment_features_enabled_updated external_status_check_name_updated
  external_status_check_url_updated feature_access_rules_updated feature_flag_created feature_flag_deleted feature_flag_updated
  flow_trigger_created flow_trigger_deleted flow_trigger_updated foundational_agent_status_updated
  google_cloud_logging_configuration_created google_cloud_logging_configuration_deleted
  google_cloud_logging_configuration_updated group_access_token_created group_access_token_creation_failed
  group_access_token_deleted group_access_token_deletion_failed group_archived group_ci_cd_settings_accessed group_created
  group_deletion_marked group_deploy_token_created group_deploy_token_creation_failed group_deploy_token_destroyed
  group_deploy_token_revoked group_description_updated group_destroyed group_export_created
  group_force_pages_access_control_updated group_lfs_enabled_updated group_membership_lock_updated
  group_mentions_disabled_updated group_merge_request_approval_setting_created group_minimal_access_role_adjusted_seat_limit
  group_name_updated group_path_updated group_project_creation_level_updated group_push_rules_author_email_regex_updated
  group_push_rules_branch_name_regex_updated group_push_rules_commit_committer_check_updated
  group_push_rules_commit_message_negative_regex_updated group_push_rules_commit_message_regex_updated
  group_push_rules_file_name_regex_updated group_push_rules_max_file_size_updated group_push_rules_prevent_secrets_updated
  group_push_rules_reject_deny_delete_tag_updated group_push_rules_reject_member_check_updated
  group_push_rules_reject_non_dco_commits_updated group_push_rules_reject_unsigned_commits_updated
  group_repository_size_limit_updated group_request_access_enabled_updated group_require_two_factor_authentication_updated
  group_restored group_saml_member_added group_saml_provider_create group_saml_provider_update
  group_secret_push_protection_updated group_share_with_group_link_created group_share_with_group_link_removed
  group_share_with_group_link_updated group_shared_runners_minutes_limit_updated group_shared_with_group_lock_updated
  group_two_factor_grace_period_updated group_unarchived group_validity_checks_updated group_visibility_level_updated

  hide_email_on_profile_updated inactive_project_scheduled_for_deletion inactive_scim_user_cannot_be_added
  incident_closed_by_project_bot incident_created_by_project_bot incident_reopened_by_project_bot
  instance_amazon_s3_configuration_created instance_amazon_s3_configuration_deleted instance_amazon_s3_configuration_updated
  instance_google_cloud_logging_configuration_created instance_google_cloud_logging_configuration_deleted
  instance_google_cloud_logging_configuration_updated ip_restricted_group_accessed ip_restrictions_changed
  issue_closed_by_project_bot issue_created_by_project_bot issue_reopened_by_project_bot job_artifact_downloaded label_created
  label_deleted label_updated ldap_group_sync_failed lock_duo_features_enabled_updated login_failed_with_otp_authentication
  login_failed_with_standard_authentication login_failed_with_webauthn_authentication manually_trigger_housekeeping
  mcp_server_enabled_updated mcp_server_oauth_token_stored member_created member_destroyed member_role_created
  member_role_deleted member_role_updated member_updated merge_commit_template_updated merge_request_approval_operation
  merge_request_branch_bypassed_by_security_policy merge_request_closed_by_project_bot merge_request_create
  merge_request_created_by_project_bot merge_request_invalid_approver_rules merge_request_merged
  merge_request_merged_by_project_bot merge_request_merged_with_dismissed_security_policy
  merge_request_merged_with_policy_violations merge_request_reopened_by_project_bot merged_merge_request_deleted
  merged_merge_request_deletion_started ml_model_created ml_model_destroyed ml_model_version_created ml_model_version_destroyed
  model_selection_feature_changed multi_project_downstream_pipeline_created namespace_ban_created namespace_ban_destroyed
  namespace_feature_access_rules_updated new_user_signups_cap_updated oauth_application_created oauth_application_deleted
  oauth_application_updated omniauth_login_failed organization_hard_deleted organization_soft_deleted

  password_reset_failed password_reset_requested pending_compliance_external_control_failed personal_access_token_created
  personal_access_token_revoked personal_access_token_settings_updated personal_access_token_used_from_unseen_ip
  policies_limit_exceeded policy_pipeline_skipped policy_project_updated policy_violations_detected policy_violations_resolved
  policy_warn_mode_approval_settings_overrides policy_warn_mode_group_protected_branch_modification_override
  policy_warn_mode_merge_request_approval policy_warn_mode_merge_request_approval_settings_overrides
  policy_warn_mode_push_settings_overrides policy_yaml_invalidated prevent_forking_outside_group_updated
  prevent_sharing_groups_outside_hierarchy_updated product_analytics_settings_update project_access_token_created
  project_access_token_creation_failed project_access_token_deleted project_access_token_deletion_failed project_archived
  project_blobs_removal project_ci_cd_settings_accessed project_cicd_merge_pipelines_enabled_updated
  project_cicd_merge_trains_enabled_updated project_created project_default_branch_updated project_deletion_marked
  project_description_updated project_destroyed project_disable_overriding_approvers_per_merge_request_updated
  project_export_created project_export_file_download_started project_feature_analytics_access_level_updated
  project_feature_builds_access_level_updated project_feature_environments_access_level_updated
  project_feature_feature_flags_access_level_updated project_feature_forking_access_level_updated
  project_feature_infrastructure_access_level_updated project_feature_issues_access_level_updated
  project_feature_merge_requests_access_level_updated project_feature_metrics_dashboard_access_level_updated
  project_feature_model_experiments_access_level_updated project_feature_model_registry_access_level_updated
  project_feature_monitor_access_level_updated project_feature_operations_access_level_updated
  project_feature_pages_access_level_updated project_feature_releases_access_level_updated
  project_feature_repository_access_level_updated project_feature_requirements_access_level_updated
  project_feature_security_and_compliance_access_level_updated project_feature_snippets_access_level_updated
  project_feature_wiki_access_level_updated project_fork_operation project_fork_relationship_removed project_group_link_created
  project_group_link_deleted project_group_link_updated project_imported project_merge_method_updated
  project_merge_requests_author_approval_updated project_merge_requests_disable_committers_approval_updated
  project_merge_requests_template_updated project_name_updated project_namespace_updated
  project_only_allow_merge_if_all_discussions_are_resolved_updated
  project_only_allow_merge_if_all_status_checks_passed_updated project_only_allow_merge_if_pipeline_succeeds_updated
  project_path_updated project_printing_merge_request_link_enabled_updated project_push_rules_author_email_regex_updated
  project_push_rules_branch_name_regex_updated project_push_rules_commit_committer_check_updated
  project_push_rules_commit_message_negative_regex_updated project_push_rules_commit_message_regex_updated
  project_push_rules_file_name_regex_updated project_push_rules_max_file_size_updated
  project_push_rules_prevent_secrets_updated project_push_rules_reject_deny_delete_tag_updated
  project_push_rules_reject_member_check_updated project_push_rules_reject_non_dco_commits_updated
  project_push_rules_reject_unsigned_commits_updated project_remove_source_branch_after_merge_updated
  project_repository_size_limit_updated project_require_password_to_approve_updated project_reset_approvals_on_push_updated
  project_resolve_outdated_diff_discussions_updated project_restored project_runner_cache_cleared
  project_security_exclusion_applied project_security_exclusion_created project_security_exclusion_deleted
  project_security_exclusion_updated project_security_setting_updated project_suggestion_commit_message_updated
  project_text_replacement project_topics_updated project_unarchived project_visibility_level_updated
  prompt_injection_protection_level_updated protected_branch_allow_force_push_updated
  protected_branch_code_owner_approval_required_updated protected_branch_created protected_branch_removed
  protected_branch_updated protected_environment_approval_rule_added protected_environment_approval_rule_deleted
  protected_environment_approval_rule_updated protected_environment_deploy_access_level_added
  protected_environment_deploy_access_level_deleted protected_environment_deploy_access_level_updated
  protected_environment_updated public_repository_download_operation

  q_onbarding_updated registration_created release_created release_deleted_audit_event release_milestones_updated release_updated
  remove_dormant_members_period_updated remove_dormant_members_updated remove_gpg_key remove_ssh_key
  remove_vulnerability_false_positive_flag repository_download_operation repository_file_accessed_api repository_file_accessed_web
  repository_git_operation request_to_compliance_external_control_failed request_to_compliance_external_control_successful
  require_password_to_approve_updated require_reauthentication_to_approve_updated require_sha_for_merge_updated
  resource_access_token_creation_allowed_updated restore_ai_catalog_item retain_approvals_on_push_updated
  runner_controller_created runner_controller_deleted runner_controller_instance_scope_added
  runner_controller_instance_scope_removed runner_controller_runner_scope_added runner_controller_runner_scope_removed
  runner_controller_token_created runner_controller_token_revoked runner_controller_token_rotated runner_controller_updated
  runner_registration_enabled_updated saml_group_links_created saml_group_links_removed seat_control_updated
  secrets_manager_add_on_enable secrets_manager_create_group_secret secrets_manager_create_project_secret
  secrets_manager_delete_group_secret secrets_manager_delete_project_secret secrets_manager_instance_enroll
  secrets_manager_instance_trial_start secrets_manager_instance_unenroll secrets_manager_namespace_enroll
  secrets_manager_namespace_unenroll secrets_manager_read_group_secret secrets_manager_read_project_secret
  secrets_manager_update_group_secret secrets_manager_update_project_secret secure_ci_job_token_group_added
  secure_ci_job_token_group_removed secure_ci_job_token_inbound_disabled secure_ci_job_token_inbound_enabled
  secure_ci_job_token_policies_updated secure_ci_job_token_project_added secure_ci_job_token_project_removed
  security_attribute_attached_to_project security_attribute_created security_attribute_deleted
  security_attribute_detached_from_project security_attribute_updated security_category_created security_category_deleted
  security_category_updated security_policy_access_token_branch_deletion_bypass security_policy_access_token_push_bypass
  security_policy_create security_policy_delete security_policy_limit_exceeded security_policy_merge_request_bypass
  security_policy_merge_request_merged_with_policy_violations security_policy_pipeline_failed security_policy_pipeline_skipped
  security_policy_protected_branch_bypass security_policy_scheduled_scans_not_enforced
  security_policy_service_account_branch_deletion_bypass security_policy_service_account_push_bypass security_policy_update
  security_policy_user_push_bypass security_policy_violations_detected security_policy_violations_resolved
  security_policy_yaml_invalidated security_scan_profile_attached_to_project security_scan_profile_detached_from_project
  selective_code_owner_removals_updated self_hosted_model_created self_hosted_model_destroyed self_hosted_model_feature_changed
  self_hosted_model_terms_accepted self_hosted_model_updated service_access_tokens_expiration_enforced_updated
  set_runner_associated_projects show_diff_preview_in_email_updated skip_secret_push_protection
  smartcard_authentication_created squash_commit_template_updated squash_option_updated status_check_response_update
  step_up_auth_required_oauth_provider_updated

  task_closed_by_project_bot task_created_by_project_bot task_reopened_by_project_bot test_case_closed_by_project_bot
  test_case_created_by_project_bot test_case_reopened_by_project_bot third_party_agent_token_created
  third_party_ai_features_enabled_updated ticket_closed_by_project_bot ticket_created_by_project_bot
  ticket_reopened_by_project_bot unban_user unblock_user update_ai_catalog_agent update_ai_catalog_flow
  update_ai_catalog_mcp_server update_ai_catalog_third_party_flow update_approval_rules update_compliance_framework
  update_compliance_requirement update_enabled_ai_catalog_agent update_enabled_ai_catalog_flow
  update_enabled_ai_catalog_third_party_flow update_event_streaming_destination update_instance_event_streaming_destination
  update_mismatched_group_saml_extern_uid update_project_compliance_violation update_status_check
  updated_compliance_requirement_control updated_group_audit_event_streaming_destination
  updated_instance_audit_event_streaming_destination usage_billing_updated user_access_locked user_access_unlocked
  user_activate user_admin_status_updated user_approved user_auditor_status_updated user_authenticated_using_job_token
  user_authorized_iam_oauth_application user_authorized_oauth_application user_blocked user_can_create_group_updated user_created
  user_deactivate user_destroyed user_disable_passkey user_disable_two_factor user_email_address_updated
  user_email_changed_and_user_signed_in user_enable_admin_mode user_enable_passkey user_enable_two_factor
  user_external_status_updated user_impersonation user_name_updated user_password_updated user_profile_visibility_updated
  user_profile_visiblity_updated user_projects_limit_updated user_provisioned_by_scim user_records_migrated_to_ghost
  user_rejected user_rejected_iam_oauth_application user_signed_in_from_unseen_ip user_username_updated variable_viewed_api
  vulnerability_severity_override webhook_created webhook_destroyed
`
  .trim()
  .split(/\s+/)

const packages = { ignored: 'package' } as const
const registrySetting = { ignored: 'registry setting' } as const
const cacheEntry = { ignored: 'cache entry' } as const

const vocabulary: Vocabulary = {
  container_repository_tags_deleted: { action: 'image.untag' },
  container_repository_deleted: { action: 'image.bulkdelete' },
  // That is the request, the deletion itself follows.
  container_repository_deletion_marked: { ignored: 'deletion request' },
  // Comes before the first push, of which only the registry's own notifications tell.
  container_repository_created: { ignored: 'repository creation' },
  project_feature_container_registry_access_level_updated: registrySetting,
  project_feature_package_registry_access_level_updated: registrySetting,
  project_packages_enabled_updated: registrySetting,
  package_registry_package_deleted: packages,
  package_registry_package_published: packages,
  virtual_registries_container_cache_entry_deleted: cacheEntry,
  virtual_registries_container_cache_remote_entry_deleted: cacheEntry,
  virtual_registries_packages_maven_cache_entry_deleted: cacheEntry,
  virtual_registries_packages_maven_cache_remote_entry_deleted: cacheEntry,
  virtual_registries_packages_maven_upstream_artifact_denied: packages,
  ...Object.fromEntries(OTHERS.map((name) => [name, { ignored: 'other audit event' }])),
}

/** What `items` makes: one for each event, and of a deletion of tags one for each of them. */
interface Item {
  unread: unknown
  /** What could be read of it. */
  type?: string
  event?: Event
  /** The event's id: worked out once for all tags. */
  id?: string
  tag?: string
}

const readEvent = (unread: unknown): Event => parse(eventSchema, unread, 'INVALID_ITEM', 'The item')

function readType(unread: unknown, { headers }: Request): string {
  // As a rule it is there, and nothing else need be looked at.
  const said = typeof unread === 'object' && unread !== null && 'event_type' in unread ? unread.event_type : undefined
  if (typeof said === 'string' && said) return said
  const { event_type, details } = parse(typeSchema, unread, 'INVALID_ITEM', 'The item')
  return event_type || headers['x-gitlab-audit-event-type'] || details?.event_name || ''
}

/** The tags that the sentence of a deletion ends with: `Container repository tags marked for deletion: 1.0, 1.1`. */
function tagsOf({ details }: Event): string[] {
  const list = /:([^:]*)$/.exec(details?.custom_message ?? '')?.[1] ?? ''
  return [...new Set(list.split(',').map((tag) => tag.trim()))].filter((tag) => tag !== '')
}

function split(unread: unknown, request: Request): Item[] {
  try {
    const type = readType(unread, request)
    if (type !== 'container_repository_tags_deleted') return [{ unread, type }]
    const event = readEvent(unread)
    const id = idOf(event, request)
    const tags = tagsOf(event)
    return tags.length > 0 ? tags.map((tag) => ({ unread, type, event, id, tag })) : [{ unread, type, event, id }]
  } catch {
    // What is wrong is said where it does not cost its neighbours.
    return [{ unread }]
  }
}

/**
 * The repository. Most types only say its name in the project, which is empty for the project's own repository; some say the whole
 * path. The registry has it in lower case whatever the project is called.
 */
function repositoryOf({ entity_path, target_details }: Event): string | undefined {
  const [project, name] = [(entity_path ?? '').toLowerCase(), (target_details ?? '').toLowerCase()]
  const isWhole = name === project || name.startsWith(`${project}/`)
  const path = isWhole ? name : [project, name].filter(Boolean).join('/')
  return path || undefined
}

/** GitLab's id of the event; old versions give all events of one second the same. */
function idOf(event: Event, request: Request): string {
  if (event.id) return String(event.id)
  return idOfContent(JSON.stringify(event), parseTime(event.created_at ?? ''), request)
}

function initiatorOf({ author_id, author_name, ip_address }: Event): Activity['initiator'] {
  // Who is no user has a number below zero: the system, a deploy token, a deploy key.
  const id = Number(author_id) > 0 ? String(author_id) : author_name
  return {
    ...(id ? { id } : {}),
    ...(author_name ? { name: author_name } : {}),
    ...(ip_address ? { address: ip_address } : {}),
  }
}

export const about: About = {
  title: 'GitLab audit event streaming',
  authentication: 'a token: the verification token of the streaming destination, or a custom Authorization header',
  replays: 'not bounded',
  retries: 'none',
  identity:
    '`id` with type, repository and tag; without an `id` the event itself, without a time in it within 10 minutes',
  fills: {
    actor: 'always',
    repository: 'always',
    tag: 'sometimes',
    digest: 'never',
    address: 'sometimes',
    agent: 'never',
    time: 'always',
    domain: 'never',
    outcome: 'never',
  },
}

/** GitLab's stream of audit events, of which few are about its container registry. */
export const gitlab = defineSource({
  name: 'gitlab',
  schemes: [gitlabToken, token],
  settings: {},
  vocabulary,
  items(request) {
    const body = parseJson(request.body)
    if (typeof body !== 'object' || body === null) {
      throw new RouterError('INVALID_ENVELOPE', 'The body is no audit event of GitLab: it is no object.')
    }
    // Versions to come send several events as a list.
    return (Array.isArray(body) ? body : [body]).flatMap((event) => split(event, request))
  },
  read(given, request) {
    const item = given as Item
    const type = item.type ?? readType(item.unread, request)
    const verdict = meaningOf('GitLab', vocabulary, type)
    if ('ignored' in verdict) return verdict
    const event = item.event ?? readEvent(item.unread)
    const repository = repositoryOf(event)
    const authorClass = event.details?.author_class
    return {
      ...ruled(verdict),
      senderId: JSON.stringify([item.id ?? idOf(event, request), type, repository, item.tag]),
      time: event.created_at ? parseTime(event.created_at) : undefined,
      target: { ...(repository ? { repository } : {}), ...(item.tag ? { tag: item.tag } : {}) },
      initiator: initiatorOf(event),
      reason: {},
      ...(authorClass ? { requestData: { authorClass } } : {}),
    }
  },
})
