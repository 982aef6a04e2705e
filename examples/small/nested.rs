//! Values within a value: tenants that come and go. One is stopped alone, the others with the service, in its budget.

use sundown::{Group, ShutdownGuard, Tasks, must_shutdown};

#[must_shutdown(timeout = "10s")]
struct Service {
    #[shutdown]
    tenants: Group,
    guard: ShutdownGuard<Self>,
}

#[must_shutdown]
struct Tenant {
    #[shutdown]
    jobs: Tasks,
    guard: ShutdownGuard<Self>,
}

impl Tenant {
    fn start(name: &'static str) -> anyhow::Result<Self> {
        let tenant = Tenant { jobs: Tasks::new(), guard: ShutdownGuard::new() };
        let jobs = tenant.jobs.clone();
        tenant.jobs.spawn("serve", async move {
            jobs.cancelled().await;
            println!("{name} has stopped");
        })?;
        Ok(tenant)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut service = Service { tenants: Group::new("tenants"), guard: ShutdownGuard::new() };
    for name in ["blue", "green", "red"] {
        service.tenants.add(name, Tenant::start(name)?)?;
    }
    service.tenants.remove("green").await.transpose()?;
    println!("{}", service.shutdown().await?);
    Ok(())
}
