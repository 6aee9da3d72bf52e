//! `tenantry admin set-password`.

use clap::Args;
use secrecy::ExposeSecret;
use tenantry_common::id::parse_uuid;
use tenantry_proto::auth::v1::{
    SetAdminPasswordRequest, auth_service_client::AuthServiceClient, set_admin_password_request::Admin as By,
};
use uuid::Uuid;

use super::{for_operators, name::AdminName};
use crate::{
    answers::incomplete,
    context::Context,
    errors::CommandError,
    output,
    prompt::{self, PasswordArgs},
    views::AdminView,
};

/// Arguments of `admin set-password`.
#[derive(Args, Debug)]
pub struct SetPasswordArgs {
    /// The admin's e-mail
    #[arg(
        long,
        value_name = "E-MAIL",
        required_unless_present = "id",
        conflicts_with = "id"
    )]
    pub email: Option<String>,
    /// The admin's id
    #[arg(long, value_name = "ID", value_parser = parse_uuid)]
    pub id: Option<Uuid>,
    /// Where the password comes from.
    #[command(flatten)]
    pub password: PasswordArgs,
}

/// Sets another admin's password.
///
/// # Errors
/// The server's refusal, or why it could not be asked.
pub async fn set_password(context: &Context, args: SetPasswordArgs) -> Result<(), CommandError> {
    let connection = context.auth()?;
    let password = prompt::new_password(args.password)?;
    let name = AdminName::either(args.email, args.id.map(|id| id.to_string()));
    let message = SetAdminPasswordRequest {
        admin: name.map(By::from),
        new_password: password.expose_secret().to_owned(),
    };
    let answer = connection.call(message, |channel, request| async move {
        AuthServiceClient::new(channel).set_admin_password(request).await
    });
    let answer = answer.await.map_err(for_operators)?;
    let admin = answer.admin.ok_or_else(|| incomplete("SetAdminPassword"))?;
    if context.is_for_people() {
        output::note(format_args!(
            "the password is set; all sessions of {} have ended",
            admin.email
        ));
    }
    if context.login()?.email == admin.email {
        context.forget_login().await?;
    }
    context.print(&AdminView::from(admin))
}
