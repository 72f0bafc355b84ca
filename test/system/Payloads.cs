using System.Text.Json.Nodes;

namespace Lumos.SystemTests;

/// <summary>Payloads of the zones under test; image_uuid is added by whoever creates one.</summary>
internal static class Payloads
{
    public static JsonObject Native(string alias, string ip) => new()
    {
        ["brand"] = "joyent",
        ["alias"] = alias,
        ["hostname"] = alias,
        ["max_physical_memory"] = 256,
        ["quota"] = 2,
        ["autoboot"] = true,
        ["resolvers"] = new JsonArray("10.0.2.3"),
        ["nics"] = new JsonArray(new JsonObject
        {
            ["nic_tag"] = "admin",
            ["ip"] = ip,
            ["netmask"] = "255.255.255.0",
            ["gateway"] = "10.0.2.2",
            ["primary"] = true,
        }),
    };

    public static JsonObject Lx(string alias) => new()
    {
        ["brand"] = "lx",
        ["alias"] = alias,
        ["hostname"] = alias,
        ["kernel_version"] = "6.12.0",
        ["max_physical_memory"] = 512,
        ["quota"] = 4,
        ["autoboot"] = true,
        ["resolvers"] = new JsonArray("10.0.2.3"),
        ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["primary"] = true }),
    };

    /// <summary>A zone without a network, as small as the tests of limits want it.</summary>
    public static JsonObject Bare(string alias, Guid image, bool autoboot = true) => new()
    {
        ["brand"] = "joyent",
        ["alias"] = alias,
        ["image_uuid"] = image.ToString(),
        ["max_physical_memory"] = 128,
        ["max_lwps"] = 200,
        ["quota"] = 1,
        ["autoboot"] = autoboot,
    };
}
