//! `tenantry org create`.

use clap::Args;
use secrecy::ExposeSecret;
use tenantry_common::id::parse_uuid;
use tenantry_proto::organization::v1::{
    AdminCredentials, CreateOrganizationRequest, organization_service_client::OrganizationServiceClient,
};
use uuid::Uuid;

use super::print;
use crate::{
    answers::log_in_again,
    context::Context,
    errors::CommandError,
    label::{self, Label},
    prompt::{self, PasswordArgs},
};

/// Arguments of `org create`.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// The organization's name
    pub name: String,
    /// The handle, in canonical form; folded from the name without it
    #[arg(long)]
    pub handle: Option<String>,
    /// The first admin's e-mail; asked for on a terminal
    #[arg(long, value_name = "E-MAIL")]
    pub admin_email: Option<String>,
    /// A label; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE")]
    pub labels: Vec<Label>,
    /// Makes the command safe to repeat: the same id never creates a second organization [default: a new one]
    #[arg(long, value_name = "UUID", value_parser = parse_uuid)]
    pub request_id: Option<Uuid>,
    /// Where the password comes from.
    #[command(flatten)]
    pub password: PasswordArgs,
}

/// Creates an organization with its first admin.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn create(context: &Context, args: CreateArgs) -> Result<(), CommandError> {
    let labels = label::collect(&args.labels)?;
    let email = args
        .admin_email
        .map_or_else(|| prompt::text("Admin's e-mail", None, "--admin-email"), Ok)?;
    let password = prompt::new_password(args.password)?;
    let request_id = args
        .request_id
        .unwrap_or_else(|| context.ids.uuid_v4())
        .to_string();
    let message = CreateOrganizationRequest {
        name: args.name,
        handle: args.handle.unwrap_or_default(),
        admin: Some(AdminCredentials {
            email,
            password: password.expose_secret().to_owned(),
        }),
        labels,
        request_id: request_id.clone(),
    };
    let answer = context
        .org_for_sign_up()
        .call(message, |channel, request| async move {
            OrganizationServiceClient::new(channel)
                .create_organization(request)
                .await
        })
        .await
        .map_err(|error| repeat_with(error, &request_id))?;
    print(context, answer.organization, "CreateOrganization")
}

/// A create whose outcome is unknown is finished, or found out about, by the same request under the same id.
fn repeat_with(error: CommandError, request_id: &str) -> CommandError {
    let is_unknown = match &error {
        CommandError::Unreachable { .. } => true,
        CommandError::Refused { status, .. } => {
            matches!(
                status.code(),
                tonic::Code::Unavailable | tonic::Code::DeadlineExceeded
            )
        }
        _ => false,
    };
    if is_unknown {
        error.with_hint(format!("to repeat it safely, add --request-id {request_id}"))
    } else {
        log_in_again(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unknown_outcome_is_to_be_repeated() {
        let refused = |status| CommandError::Refused {
            status: Box::new(status),
            repeated: false,
            hint: None,
        };
        let unknown = repeat_with(refused(tonic::Status::unavailable("away")), "u-1");
        assert!(
            unknown
                .to_string()
                .ends_with("to repeat it safely, add --request-id u-1")
        );
        let known = repeat_with(refused(tonic::Status::already_exists("taken")), "u-1");
        assert!(!known.to_string().contains("u-1"));
    }
}
