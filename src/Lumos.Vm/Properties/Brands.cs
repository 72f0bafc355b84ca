using Lumos.Core;

namespace Lumos.Vm.Properties;

/// <summary>The kinds of VM; a set of them says which have a property.</summary>
[Flags]
public enum Brands
{
    None = 0,
    Joyent = 1,
    JoyentMinimal = 2,
    Builder = 4,
    Lx = 8,
    Kvm = 16,
    Bhyve = 32,
    Os = Joyent | JoyentMinimal | Builder | Lx,
    Hvm = Kvm | Bhyve,
    All = Os | Hvm,
}

/// <summary>What is known of each brand.</summary>
public static class BrandTable
{
    /// <summary>Every brand's name, in the order of the documents.</summary>
    public static IReadOnlyList<string> Names { get; } = ["joyent", "joyent-minimal", "builder", "lx", "kvm", "bhyve"];

    /// <summary>False: no such brand.</summary>
    public static bool TryParse(string? name, out Brands brand)
    {
        brand = name switch
        {
            "joyent" => Brands.Joyent,
            "joyent-minimal" => Brands.JoyentMinimal,
            "builder" => Brands.Builder,
            "lx" => Brands.Lx,
            "kvm" => Brands.Kvm,
            "bhyve" => Brands.Bhyve,
            _ => Brands.None,
        };
        return brand != Brands.None;
    }

    /// <exception cref="LumosException">InvalidBrand.</exception>
    public static Brands Parse(string? name) => TryParse(name, out var brand)
        ? brand
        : throw new LumosException("InvalidBrand", $"Invalid brand while validating payload: \"{name}\"");

    /// <summary>The <c>type</c> property: OS, LX, KVM or BHYVE.</summary>
    public static string TypeOf(string? brand) => brand switch
    {
        "lx" => "LX",
        "kvm" => "KVM",
        "bhyve" => "BHYVE",
        _ => "OS",
    };

    public static bool IsHvm(string? brand) => brand is "kvm" or "bhyve";

    /// <summary>What the NICs of a brand are called when nobody says: net0, or eth0.</summary>
    public static string InterfacePrefix(string? brand) => brand == "lx" ? "eth" : "net";

    /// <summary>The image types a zone of this brand can be made from.</summary>
    public static IReadOnlyList<string> ImageTypes(string? brand) => brand switch
    {
        "lx" => ["lx-dataset", "docker"],
        "kvm" or "bhyve" => ["zvol"],
        _ => ["zone-dataset"],
    };
}
