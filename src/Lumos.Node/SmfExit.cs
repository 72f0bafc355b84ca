namespace Lumos.Node;

/// <summary>Exit statuses by which a method tells SMF why it failed; both put the service into maintenance at once.</summary>
internal static class SmfExit
{
    /// <summary>SMF_EXIT_ERR_FATAL: trying again would not help.</summary>
    internal const int Fatal = 95;

    /// <summary>SMF_EXIT_ERR_CONFIG: what the operator wrote has to be changed first.</summary>
    internal const int Configuration = 96;
}
