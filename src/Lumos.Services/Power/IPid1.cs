namespace Lumos.Services.Power;

/// <summary>How a machine or zone may end.</summary>
public enum PowerState
{
    Halt,
    PowerOff,
    Reboot,
}

/// <summary>PID 1 of the machine or zone we are in.</summary>
public interface IPid1
{
    /// <summary>Asks for an orderly end; comes back at once.</summary>
    void Request(PowerState state);

    /// <summary>Ends the machine without stopping anything.</summary>
    void EndAtOnce(PowerState state, bool sync);

    /// <summary>Tells everyone at a terminal.</summary>
    void Warn(string text);
}
