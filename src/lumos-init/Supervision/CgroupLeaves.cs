using Lumos.Linux.Cgroups;

namespace Lumos.Init.Supervision;

/// <summary>
/// The first groups of a tree: /init with PID 1, /startd for svc.startd. Only then may the root hand its controllers to
/// children: a group that hands out controllers must hold no process itself.
/// </summary>
internal static class CgroupLeaves
{
    internal static void Make()
    {
        var root = new Cgroup(Cgroup.Root);
        root.Child("startd").Create();
        root.Child("init").Create().Add(0);
        foreach (string controller in root.Controllers())
        {
            // One by one: a controller that cannot be had (in use by version 1) must not take the others along.
            Pid1.Attempt($"cgroup controller {controller}", () => root.Delegate(controller));
        }
    }
}
