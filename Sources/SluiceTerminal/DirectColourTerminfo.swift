/// Terminal descriptions with direct colours, which terminfo databases mostly do not have: those of xterm and tmux, cut
/// down to what a screen is drawn with, in the form that ncurses takes from `$TERMINFO` (`infocmp -Q2`).
///
/// Colours 0 to 15 are the ANSI ones, and 16 + (red << 10 | green << 5 | blue) are those of five bits a channel, which
/// `setaf` and `setab` spread to eight. More bits would cost: ncurses keeps a table of all colours (with 24 bits, 450 MB).
enum DirectColourTerminfo {
    static let xterm = """
        b64:\
        HgIvAB0ADwBpATUDc2x1aWNlLXh0ZXJtfHh0ZXJtLTI1NmNvbG9yIHdpdGggZGlyZWN0IGNvbG91cgAAAQAAAQAAAAEAAAAAAQEAAAAAAAAA\
        AAAAAQAAAVAAAAAIAAAAGAAAAP____________________________________________________8QgAAA_38AAP__AAACAAQA__8VAB0A\
        IQAlAP__MABBAEMARwBOAP__UABdAP__YQD__2UAaQD__________20AcgD__4QAiQCOAP__kwCYAJ0AogD__6sArwD__8EAxgDMAP______\
        _______________SAP__________________________________________________________________________________________\
        ________________________________________1gD__9kA4gDrAPQA_QAGAQ8BGAEhASoB________________MwH__________0cBSgFV\
        AVgBWgFdAf__________________________________________________kwGZAf__________________________________________\
        ____________________________________________________________________________________________________________\
        ____________________________________________________________________________________________________________\
        __________________________________________________-fAf______________________________________________________\
        _________________6QB__________________________________-tAf_______________________7IB________________________\
        __________________________________________________________________________-4AXYCBwANABtbJWklcDElZDslcDIlZHIA\
        G1tIG1sySgAbW0sAG1tKABtbJWklcDElZEcAG1slaSVwMSVkOyVwMiVkSAAKABtbSAAbWz8yNWwACAAbWz8xMmwbWz8yNWgAG1tDABtbQQAb\
        W1AAG1tNABtbMW0AG1s_MTA0OWgbWzIyOzA7MHQAG1sybQAbWzRoABtbOG0AG1s3bQAbWzdtABtbNG0AG1slcDElZFgAG1ttABtbPzEwNDls\
        G1syMzswOzB0ABtbNGwAG1syN20AG1syNG0AG1tMABtFABtbJXAxJWRQABtbJXAxJWRNABtbJXAxJWRCABtbJXAxJWRAABtbJXAxJWRTABtb\
        JXAxJWRMABtbJXAxJWREABtbJXAxJWRDABtbJXAxJWRUABtbJXAxJWRBACVwMSVjG1slcDIlezF9JS0lZGIAGzgAG1slaSVwMSVkZAAbNwAK\
        ABtNABtbMCU_JXA2JXQ7MSU7JT8lcDUldDsyJTslPyVwMiV0OzQlOyU_JXAxJXAzJXwldDs3JTttABtbPzdoABtbPzdsABtbMUsAG1szOTs0\
        OW0AG1szbQAbWzIzbQAbWyU_JXAxJXs4fSU8JXQzJXAxJWQlZSVwMSV7MTZ9JTwldDklcDElezh9JS0lZCVlJXAxJXsxNn0lLSVQYTM4OzI7\
        JWdhJXsxMDI0fSUvJXszMX0lJiV7MjU1fSUqJXsxNX0lKyV7MzF9JS8lZDslZ2ElJyAnJS8lezMxfSUmJXsyNTV9JSolezE1fSUrJXszMX0l\
        LyVkOyVnYSV7MzF9JSYlezI1NX0lKiV7MTV9JSslezMxfSUvJWQlO20AG1slPyVwMSV7OH0lPCV0NCVwMSVkJWUlcDElezE2fSU8JXQxMCVw\
        MSV7OH0lLSVkJWUlcDElezE2fSUtJVBhNDg7MjslZ2ElezEwMjR9JS8lezMxfSUmJXsyNTV9JSolezE1fSUrJXszMX0lLyVkOyVnYSUnICcl\
        LyV7MzF9JSYlezI1NX0lKiV7MTV9JSslezMxfSUvJWQ7JWdhJXszMX0lJiV7MjU1fSUqJXsxNX0lKyV7MzF9JS8lZCU7bQA=
        """
    static let tmux = """
        b64:\
        HgItAA8ADwBpAfcCc2x1aWNlLXRtdXh8dG11eC0yNTZjb2xvciB3aXRoIGRpcmVjdCBjb2xvdXIAAAEAAAEAAAABAAAAAAEBUAAAAAgAAAAY\
        AAAA_____________________________________________________xCAAAD_fwAA__8AAAIABAD__xUAHAAgACQA__8vAEAAQgBGAE0A\
        __9PAFsA__9fAP__YgBmAP__________agBvAP__eAB9AIIA__-HAIwAkQD_____lgCaAP__owCoAK4A_____________________7QA____\
        ____________________________________________________________________________________________________________\
        __________________-4AP__uwDEAM0A1gDfAOgA8QD6AAMBDAH_____________________________FQEYASMBJgEoASsB____________\
        ____________________________________________________________________________________________________________\
        ____________________________________________________________________________________________________________\
        ____________________________________________________________________________________________________________\
        _____________________________2EB________________________________________________________________________ZgH_\
        _________________________________28B________________________dAH_____________________________________________\
        _____________________________________________________3oBOAIHAA0AG1slaSVwMSVkOyVwMiVkcgAbW0gbW0oAG1tLABtbSgAb\
        WyVpJXAxJWRHABtbJWklcDElZDslcDIlZEgACgAbW0gAG1s_MjVsAAgAG1szNGgbWz8yNWgAG1tDABtNABtbUAAbW00AG1sxbQAbWz8xMDQ5\
        aAAbWzJtABtbNGgAG1s4bQAbWzdtABtbN20AG1s0bQAbW20AG1s_MTA0OWwAG1s0bAAbWzI3bQAbWzI0bQAbW0wAG0UAG1slcDElZFAAG1sl\
        cDElZE0AG1slcDElZEIAG1slcDElZEAAG1slcDElZFMAG1slcDElZEwAG1slcDElZEQAG1slcDElZEMAG1slcDElZFQAG1slcDElZEEAGzgA\
        G1slaSVwMSVkZAAbNwAKABtNABtbMCU_JXA2JXQ7MSU7JT8lcDUldDsyJTslPyVwMiV0OzQlOyU_JXAxJXAzJXwldDs3JTttABtbMUsAG1sz\
        OTs0OW0AG1szbQAbWzIzbQAbWyU_JXAxJXs4fSU8JXQzJXAxJWQlZSVwMSV7MTZ9JTwldDklcDElezh9JS0lZCVlJXAxJXsxNn0lLSVQYTM4\
        OzI7JWdhJXsxMDI0fSUvJXszMX0lJiV7MjU1fSUqJXsxNX0lKyV7MzF9JS8lZDslZ2ElJyAnJS8lezMxfSUmJXsyNTV9JSolezE1fSUrJXsz\
        MX0lLyVkOyVnYSV7MzF9JSYlezI1NX0lKiV7MTV9JSslezMxfSUvJWQlO20AG1slPyVwMSV7OH0lPCV0NCVwMSVkJWUlcDElezE2fSU8JXQx\
        MCVwMSV7OH0lLSVkJWUlcDElezE2fSUtJVBhNDg7MjslZ2ElezEwMjR9JS8lezMxfSUmJXsyNTV9JSolezE1fSUrJXszMX0lLyVkOyVnYSUn\
        ICclLyV7MzF9JSYlezI1NX0lKiV7MTV9JSslezMxfSUvJWQ7JWdhJXszMX0lJiV7MjU1fSUqJXsxNX0lKyV7MzF9JS8lZCU7bQA=
        """

    /// Colours of these descriptions.
    static let colours = 16 + 32_768

    /// The number of the nearest colour.
    static func index(red: UInt8, green: UInt8, blue: UInt8) -> Int32 {
        func bits(_ value: UInt8) -> Int32 { (Int32(value) * 31 + 127) / 255 }
        return 16 + (bits(red) << 10 | bits(green) << 5 | bits(blue))
    }

    /// The description to use in place of a terminal type that is known to take direct colours.
    static func entry(for type: String) -> (name: String, data: String)? {
        if type.hasPrefix("tmux") { return ("sluice-tmux", tmux) }
        let xterms = [
            "xterm", "alacritty", "foot", "wezterm", "contour", "rio", "vte", "konsole", "iterm2", "ghostty", "kitty",
            "st-",
        ]
        return xterms.contains(where: type.hasPrefix) ? ("sluice-xterm", xterm) : nil
    }
}
