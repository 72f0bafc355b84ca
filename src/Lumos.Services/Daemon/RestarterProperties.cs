using System.Globalization;
using Lumos.Services.Model;
using Lumos.Services.Restarter;

namespace Lumos.Services.Daemon;

/// <summary>The groups that are not configuration but what runs: restarter and general_ovr, as svcprop shows them.</summary>
internal static class RestarterProperties
{
    internal static PropertyBag Add(ServiceInstance instance, IContracts contracts, ServiceLogFiles logs)
    {
        var bag = instance.Definition.Properties;
        void Set(string name, string type, string? value)
        {
            if (value is not null)
            {
                bag = bag.With("restarter", "framework", name, Property.Of(type, value));
            }
        }
        Set("state", "astring", instance.State.Text());
        Set("next_state", "astring", instance.Next.Text());
        Set("auxiliary_state", "astring", instance.Auxiliary);
        Set("state_timestamp", "time", string.Create(
            CultureInfo.InvariantCulture, $"{instance.StateTime.ToUnixTimeSeconds()}.{instance.StateTime.Millisecond:000}000000"));
        Set("logfile", "astring", logs.PathOf(instance.Fmri));
        Set("start_method_waitstatus", "integer", (instance.StartStatus * 256)?.ToString(CultureInfo.InvariantCulture));
        Set("start_pid", "count", instance.Process?.Pid.ToString(CultureInfo.InvariantCulture));
        if (contracts.Id(instance.Fmri) is { } id && !contracts.IsEmpty(instance.Fmri))
        {
            Set("contract", "count", id.ToString(CultureInfo.InvariantCulture));
        }
        if (instance.EnabledOverride is { } enabled)
        {
            bag = bag.With("general_ovr", "framework", "enabled", Property.Of("boolean", enabled ? "true" : "false"));
        }
        return bag;
    }
}
