namespace Lumos.Services.Model;

/// <summary>The states of smf(7). <see cref="None"/> is only ever a next state: the instance is not on its way anywhere.</summary>
public enum ServiceState
{
    None,
    Uninitialized,
    Disabled,
    Offline,
    Online,
    Degraded,
    Maintenance,
}

public static class ServiceStates
{
    /// <summary>The state's name as svcs prints it.</summary>
    public static string Text(this ServiceState state) => state switch
    {
        ServiceState.None => "none",
        ServiceState.Uninitialized => "uninitialized",
        ServiceState.Disabled => "disabled",
        ServiceState.Offline => "offline",
        ServiceState.Online => "online",
        ServiceState.Degraded => "degraded",
        ServiceState.Maintenance => "maintenance",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };

    /// <summary>The state of that name, or null.</summary>
    public static ServiceState? Parse(string? text) => text switch
    {
        "none" => ServiceState.None,
        "uninitialized" => ServiceState.Uninitialized,
        "disabled" => ServiceState.Disabled,
        "offline" => ServiceState.Offline,
        "online" => ServiceState.Online,
        "degraded" => ServiceState.Degraded,
        "maintenance" => ServiceState.Maintenance,
        _ => null,
    };

    /// <summary>Whether the service gives its service: what dependents wait for.</summary>
    public static bool IsRunning(this ServiceState state) => state is ServiceState.Online or ServiceState.Degraded;
}
