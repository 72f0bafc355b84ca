namespace Lumos.Vm.Properties;

public static partial class PropertyTable
{
    /// <summary>Rows: containers and lx.</summary>
    private static Property[] Container =>
    [
        new("kernel_version", PropertyType.String, Lx, CreateReceiveUpdate, Acts, null, Attr("kernel-version"),
            "string given to LX uname; required for lx", Required: Lx),
        new("docker", PropertyType.Boolean, Brands.JoyentMinimal | Brands.Lx, CreateReceiveUpdate, Acts, "false",
            Attr("docker"),
            "turn on container semantics (restart policy, init wrapper, log modes)", Column: new("DOCKER", 6)),
        new("init_name", PropertyType.String, Os, CreateReceiveUpdate, Acts, null, Attr("init-name"),
            "path of PID 1"),
        new("restart_init", PropertyType.Boolean, Os, CreateReceiveUpdate, Acts, "true", Attr("restart-init"),
            "restart PID 1 when it exits"),
        new("zlog_max_size", PropertyType.Integer, Os, CreateReceiveUpdate, Acts, null, Attr("zlog-max-size"),
            "bytes before console log rotates"),
        new("zlog_mode", PropertyType.None, All, None, Computed, null, Attr("zlog-mode"),
            "3-char console logging mode from docker metadata"),
        new("zlog_name", PropertyType.None, All, None, Computed, null, Attr("zlog-name"), "console log stream name"),
    ];
}
