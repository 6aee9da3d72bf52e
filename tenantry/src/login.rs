//! `tenantry login` and `tenantry whoami`.

use clap::Args;
use secrecy::ExposeSecret;
use tenantry_proto::auth::v1::{
    Admin, GetCurrentAdminRequest, LoginRequest, LoginResponse, Role, auth_service_client::AuthServiceClient,
};

use crate::{
    answers::{incomplete, log_in_again},
    context::Context,
    credentials::{SavedLogin, some_token},
    errors::CommandError,
    output,
    prompt::{self, PasswordArgs},
    views::LoginView,
};

/// Arguments of `login`.
#[derive(Args, Debug)]
pub struct LoginArgs {
    /// The e-mail; asked for on a terminal
    #[arg(long, value_name = "E-MAIL")]
    pub email: Option<String>,
    /// Where the password comes from.
    #[command(flatten)]
    pub password: PasswordArgs,
}

/// Logs in and saves the tokens in the place of those before.
///
/// # Errors
/// The server's refusal, or why the tokens could not be saved.
pub async fn login(context: &Context, args: LoginArgs) -> Result<(), CommandError> {
    let before = context.saved.as_ref().map(|login| login.email.as_str());
    let email = args
        .email
        .map_or_else(|| prompt::text("E-mail", before, "--email"), Ok)?;
    let password = prompt::password(args.password)?;
    let message = LoginRequest {
        email,
        password: password.expose_secret().to_owned(),
    };
    let answer: LoginResponse = context
        .auth_as_nobody()
        .call(message, |channel, request| async move {
            AuthServiceClient::new(channel).login(request).await
        })
        .await?;
    let (login, admin) = saved_login(context, answer)?;
    let lock = context.credentials.lock(context.timeout()).await?;
    context.credentials.save(&login)?;
    drop(lock);
    if context.is_for_people() {
        output::note(format_args!("the login is kept in {}", context.credentials));
    }
    context.print(&view(context, &login, admin))
}

/// Shows who is logged in, as auth-service knows them now.
///
/// # Errors
/// The server's refusal, or that nobody is logged in.
pub async fn whoami(context: &Context) -> Result<(), CommandError> {
    let connection = context.auth()?;
    let answer = connection
        .call(GetCurrentAdminRequest {}, |channel, request| async move {
            AuthServiceClient::new(channel).get_current_admin(request).await
        })
        .await
        .map_err(log_in_again)?;
    let admin = answer.admin.ok_or_else(|| incomplete("GetCurrentAdmin"))?;
    context.print(&view(context, &context.current_login().await?, admin))
}

fn saved_login(context: &Context, answer: LoginResponse) -> Result<(SavedLogin, Admin), CommandError> {
    let (Some(admin), Some(expire_time)) = (answer.admin, answer.expire_time) else {
        return Err(incomplete("Login"));
    };
    let login = SavedLogin {
        auth_url: context.auth_url(),
        org_url: context.org_url(),
        email: admin.email.clone(),
        role: Role::try_from(admin.role)
            .unwrap_or_default()
            .as_str_name()
            .to_owned(),
        organization_id: admin.organization_id.clone(),
        expire_time: expire_time.to_string(),
        access_token: answer.access_token.into(),
        refresh_expire_time: answer.refresh_expire_time.map(|time| time.to_string()),
        refresh_token: some_token(answer.refresh_token),
    };
    Ok((login, admin))
}

fn view(context: &Context, login: &SavedLogin, admin: Admin) -> LoginView {
    LoginView {
        admin: admin.into(),
        expire_time: login.expire_time.clone(),
        refresh_expire_time: login.refresh_expire_time.clone(),
        auth_url: context.auth_url().to_string(),
        org_url: context.org_url().to_string(),
    }
}
